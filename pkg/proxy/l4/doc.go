// Package l4 is what the proxy does below HTTP.
//
// In: a connection of which nothing was read, and a bound on time. Out: what its
// TLS ClientHello says, and every byte that was read for it, so that the
// connection can be passed on as it came, or be served here after all. It knows no
// route and answers nothing; who accepted the connection does both.
//
// A connection is looked at by one goroutine, the one that serves it.
//
// Splice moves bytes from one socket of TCP to another within the kernel, for tunnels of which much comes
// at once. At most 64 pipes are in use for that, each from when something is taken until all of it
// is given: a tunnel that waits for bytes has none.
//
// Packets passes the datagrams of a UDP socket on, by sessions of one client's address
// and port each. Who gives it the socket says where a session goes, and hears when it is
// over. Each session has a goroutine and a socket of its own, so that it sees the
// datagrams of its endpoint alone and the client those of its session alone.
package l4
