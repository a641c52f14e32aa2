// Package h1 is the HTTP/1.1 codec (RFC 9112), server and client half: bytes of
// one connection in, [wire.Request] and [wire.Response] out, and back.
//
// It is strict: a message that two readers could understand in two ways is
// refused with an [Error] that names the class of its fault; the caller answers
// with the status in it and closes the connection. It knows nothing of routes.
//
// A [Conn] is used by at most two goroutines at a time: one that reads (heads
// and bodies) and one that writes. Reads and writes block; deadlines are those
// of the net.Conn. Buffers come from pools and are held only while a message is
// under way: an idle connection holds none.
//
// A net.Conn may have a method Truncated() bool, which says that the end of what it reads was not told by
// its peer, as the close_notify of TLS tells it: a body that ends with the connection is broken off then.
//
// What was read (heads, trailers) aliases the read buffer. It is valid until
// the next head is read, [Conn.WaitReadable] or [Conn.Release], whichever comes first.
package h1
