// Package section is what HTTP/2 and HTTP/3 have in common: a field section, line by line
// as a decoder of HPACK or QPACK hands them over, in, and a [wire.Request], [wire.Response] or trailers out.
//
// It is strict: what RFC 9113 section 8.1.1 and RFC 9114 section 4.1.2 call malformed is
// told as such, and the caller resets the stream; what is well formed but beyond a limit, or
// could mean something else to an endpoint that speaks HTTP/1.1, is an [Error] with the status to answer with.
//
// An extended CONNECT (RFC 8441, RFC 9220) becomes what HTTP/1.1 has for it: a GET with
// Request.Upgrade, without a body. It has no state beyond a section, and any goroutine may use one.
package section
