// Package h2 is the HTTP/2 codec (RFC 9113). Server half: bytes of one connection in,
// streams of [wire.Request] and body out, and [wire.Response] and body back. Client half
// ([ClientConn]): the same the other way round, on the same streams, windows and budgets.
//
// It is strict: what RFC 9113 calls malformed is refused with the error that
// the RFC names, on the stream where that is allowed, else on the connection. What
// is well formed but beyond a limit is handed over with an [Error] that holds the status to
// answer with. A peer that keeps the connection busy with frames that get it
// nowhere (resets, errors, pings, settings, priorities, empty frames) uses up a
// budget and gets GOAWAY with ENHANCE_YOUR_CALM. It knows nothing of routes.
//
// An extended CONNECT (RFC 8441) is handed over as what HTTP/1.1 has for it: a GET with
// Request.Upgrade, without a body. If the answer is 200, what the stream carries then
// are the tunnel's bytes; [Stream.Finish] ends our half of it. The client half writes such a GET as an extended CONNECT
// where the endpoint's SETTINGS allow that, and reads the answer as the 101 that HTTP/1.1 has for it.
//
// A [Conn] has one goroutine that reads, which is that of [Conn.Serve], and one for each
// stream. There is no goroutine that only writes: whoever has queued something
// writes for all, in one system call for the frames of many streams, unless another
// is already writing; then that one goes on. The reading goroutine never writes, so a client
// that does not read cannot keep it from seeing resets; where it has queued something and
// nobody writes, it starts a goroutine that ends with the queue.
//
// What a connection can be made to hold is bounded: the bodies not yet read by
// Options.ConnWindow, the output by Options.MaxQueue and a window's worth of small
// frames, the heads by Options.MaxStreams times Options.MaxHeaderBytes. An idle connection
// holds no buffers.
//
// A ClientConn has one goroutine, that of [ClientConn.Run]. It opens no more streams than the
// endpoint takes, takes no pushed ones, and tells what an endpoint has not looked at
// ([ErrRefused]: GOAWAY, REFUSED_STREAM) from what it may have done.
//
// A [Stream] is used by at most two goroutines at a time: one that reads the
// request's body and one that writes. What the head aliases must not be written
// to, and is valid until the stream's function returns.
package h2
