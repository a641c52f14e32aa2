// Package wire holds the HTTP messages that all protocols share: the codecs
// below it (h1, later h2 and h3) turn bytes into these and these into bytes,
// and everything above speaks only of them.
//
// A message belongs to the one goroutine that serves its exchange. The byte
// slices in a message alias the buffers of the connection that it was read
// from, or the message's own arena; they are valid until the message is reset
// or the next one is read into it, and must be copied to be kept.
package wire
