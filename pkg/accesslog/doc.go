// Package accesslog writes one line for each exchange, as JSON or as text.
//
// In: an Entry that the proxy filled; its byte slices are read during Log only.
// Out: whole lines to one io.Writer, in batches, at most FlushEvery late. No
// byte that a client sent can end a line or close a string.
//
// Log may be called by any number of goroutines at once and does not allocate.
// The Logger owns one goroutine, which Close ends after the last line is written.
package accesslog
