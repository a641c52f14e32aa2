// Package l4 is what the proxy does below HTTP.
//
// In: a connection of which nothing was read, and a bound on time. Out: what its
// TLS ClientHello says, and every byte that was read for it, so that the
// connection can be passed on as it came, or be served here after all. It knows no
// route and answers nothing; who accepted the connection does both.
//
// A connection is looked at by one goroutine, the one that serves it.
package l4
