// Package admin serves Sluice's own HTTP APIs: Ops for probes and scrapers, and
// API for people and `sluice explain`, which tells what is served and why.
//
// In: functions and registries to ask, each safe to use at any moment. Out:
// http.Handlers, which any number of goroutines may call. No answer holds a
// secret: configs are dumped by ir.Dump, which prints none. API changes
// nothing, and belongs on loopback.
package admin
