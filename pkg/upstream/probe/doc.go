// Package probe asks an endpoint once whether it is healthy, over a connection that somebody
// made for that: by HTTP/1.1, by HTTP/2, or by the gRPC health checking protocol.
//
// In: a connection and a Question. Out: nil for a healthy endpoint, else why it is not. Ask
// uses the connection up and closes it; what it starts has ended when it returns. It may be
// called by any goroutine; a Question is read only.
package probe
