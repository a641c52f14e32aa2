// Package certs answers a TLS handshake with the right certificate: it holds
// the parsed certificates and the ticket keys, which outlive tables, and for
// each listener of a table the choice by server name.
//
// In come ir.Certificate and ir.ListenerTLS from table.Compile; out go a
// *tls.Config for each handshake and facts about certificates that cannot be
// used. A broken certificate costs only the names that are bound to it alone;
// they fall to the next binding that covers them.
//
// The keys of session tickets change each day. Replicas that are given one secret have the same ones.
//
// A Registry may be used by any goroutine. A Listener never changes once it is
// made and may be used by any number of handshakes at once.
package certs
