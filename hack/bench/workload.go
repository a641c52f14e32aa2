package main

import (
	"context"
	"time"
)

// workload is one way of asking, put in turn on some targets.
type workload struct {
	name, about string
	unit        string                  // what is counted: "request" where it is empty
	targets     func(s *stage) []target // the first is what the others are compared with
	load        loader
	once        bool // one round alone, since it leaves traces in the target
}

// target is a program under load and where a workload asks it.
type target struct {
	name string
	pid  int
	url  string
	h2c  bool // where the URL's clear text is HTTP/2
}

// loader puts load on one target for about o.duration.
type loader func(ctx context.Context, t target, o options) (sample, error)

// sample is one round of one target.
type sample struct {
	count      int           // of requests, connections or messages that succeeded
	perSecond  float64       // of the same
	p99        time.Duration // zero where the loader cannot tell
	errors     int
	firstError string  // where the loader can tell
	cpuMicros  float64 // CPU time of the target for each of them, in microseconds
	bytes      float64 // resident memory for each of them, where that is what is measured
}

// workloads begin with what needs processes that did nothing yet.
var workloads = []workload{
	{name: "idle", about: "resident memory of 10,000 keep-alive connections that are idle after a request", unit: "connection", targets: clear("/"), load: idle(10_000), once: true},
	{name: "h1-64", about: "HTTP/1.1, small answers, 64 keep-alive connections", targets: clear("/"), load: wrk(64, "")},
	{name: "h1-1000", about: "HTTP/1.1, small answers, 1,000 keep-alive connections", targets: clear("/"), load: wrk(1000, "")},
	{name: "h1-close", about: "HTTP/1.1, small answers, a new connection for each request", targets: clear("/"), load: wrk(64, "", "Connection: close")},
	{name: "h1-64k-down", about: "HTTP/1.1, answers of 64 KiB, 64 keep-alive connections", targets: clear("/64k"), load: wrk(64, "")},
	{name: "h1-64k-up", about: "HTTP/1.1, requests of 64 KiB, 64 keep-alive connections", targets: clear("/up"), load: wrk(64, uploadOf(64<<10))},
	{name: "h1-10m-down", about: "HTTP/1.1, answers of 10 MiB, 16 keep-alive connections", targets: clear("/10m"), load: wrk(16, "")},
	{name: "h1-10m-up", about: "HTTP/1.1, requests of 10 MiB, 16 keep-alive connections", targets: clear("/up"), load: wrk(16, uploadOf(10<<20))},
	{name: "tls-h1-64", about: "HTTP/1.1 over TLS 1.3, small answers, 64 keep-alive connections", targets: secure("/"), load: wrk(64, "")},
	{name: "tls-handshake-full", about: "TLS 1.3 handshakes (X25519, ECDSA P-256), one request on each connection", unit: "connection", targets: secure("/"), load: handshakes(false)},
	{name: "tls-handshake-resumed", about: "TLS 1.3 handshakes resumed by ticket, one request on each connection", unit: "connection", targets: secure("/"), load: handshakes(true)},
	{name: "h2-tls", about: "HTTP/2 over TLS, small answers, 8 connections of 16 streams", targets: secure("/"), load: h2load(8, 16, "")},
	{name: "h2-clear", about: "HTTP/2 in clear text, small answers, 8 connections of 16 streams", targets: clear2("/"), load: h2load(8, 16, "")},
	{name: "grpc-unary", about: "gRPC, unary calls of 16 bytes in clear text, 8 connections of 16 streams", unit: "call", targets: clear2(grpcPath), load: h2load(8, 16, grpcMessage, "content-type: application/grpc", "te: trailers")},
	{name: "grpc-stream", about: "gRPC, messages of 16 bytes to and fro on 64 streams over 8 connections", unit: "message", targets: clear2(grpcPath), load: pingPong(8, 8)},
	{name: "tcp-small", about: "TCP passed on, small answers over 64 connections", targets: passed("/"), load: wrk(64, "")},
	{name: "tcp-10m-down", about: "TCP passed on, answers of 10 MiB over 16 connections", targets: passed("/10m"), load: wrk(16, "")},
	{name: "tcp-10m-up", about: "TCP passed on, requests of 10 MiB over 16 connections", targets: passed("/up"), load: wrk(16, uploadOf(10<<20))},
	{name: "routes", about: "HTTP/1.1, small answers, 64 connections: one host, and one among 5,000 with 4 paths each", targets: routes, load: wrk(64, "")},
	{name: "features", about: "HTTP/1.1, small answers, 64 connections: what each feature of a ProxyRoute adds", targets: featureRoutes, load: wrk(64, "", "Authorization: Bearer "+benchToken, "Accept-Encoding: gzip")},
}

// clear asks in clear text.
func clear(path string) func(*stage) []target {
	return func(s *stage) []target {
		return s.at(func(p proxy) string { return "http://" + addr(p.clear) + path })
	}
}

// clear2 asks in clear text where HTTP/2 is spoken by prior knowledge.
func clear2(path string) func(*stage) []target {
	return func(s *stage) []target {
		targets := s.at(func(p proxy) string { return "http://" + addr(p.clear2) + path })
		for i := range targets {
			targets[i].h2c = true
		}
		return targets
	}
}

// passed asks the origin through connections that are passed on. nginx-light of Debian has no such module.
func passed(path string) func(*stage) []target {
	return func(s *stage) []target {
		targets := make([]target, 0, len(s.proxies))
		for _, p := range s.proxies {
			if p.tcp != 0 {
				targets = append(targets, target{name: p.name, pid: p.pid, url: "http://" + addr(p.tcp) + path})
			}
		}
		return targets
	}
}

// secure asks over TLS.
func secure(path string) func(*stage) []target {
	return func(s *stage) []target {
		return s.at(func(p proxy) string { return "https://" + hostPort(p.secure) + path })
	}
}
