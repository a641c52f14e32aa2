// Package h3 is the server half of HTTP/3 (RFC 9114) on top of QUIC by quic-go, which no other
// package imports. A [Listener] makes a [Conn] of each handshake; bytes of its streams go in, streams of
// [wire.Request] and body come out, and [wire.Response] and body go back.
//
// It is as strict as HTTP/2, whose field sections it shares (package section). What RFC 9114 calls
// malformed is reset with H3_MESSAGE_ERROR; frames out of place, truncated frames, and what
// breaks QPACK end the connection with the code that the RFC names. What is well formed but beyond a
// limit is handed over with an [Error] that holds the status to answer with.
//
// There is no dynamic table of QPACK in either direction (RFC 9204 section 3.2.2 allows a capacity of
// 0), so that field sections need not wait for each other and cannot grow by names kept before. There is
// no push, and early data (0-RTT) is never accepted: nothing that comes can be a replay (RFC 8470).
//
// An extended CONNECT (RFC 9220) is handed over as what HTTP/1.1 has for it: a GET with
// Request.Upgrade, without a body. If the answer is 200, what the stream carries then
// are the tunnel's bytes; [Stream.Finish] ends our half of it.
//
// What a connection can be made to hold is bounded: the bodies not yet read by
// Options.ConnWindow, the heads by Options.MaxStreams times Options.MaxHeaderBytes, the goroutines by
// Options.MaxStreams, as a stream is given back to the client only when it is served to the
// end. Handshakes of addresses that are not proven are answered with Retry once there are many.
//
// [Conn.Serve] returns when the connection has ended; each stream has a goroutine of its own. A
// [Stream] is used by at most two goroutines at a time: one that reads the
// request's body and one that writes. What the head aliases must not be written
// to, and is valid until the stream's function returns.
package h3
