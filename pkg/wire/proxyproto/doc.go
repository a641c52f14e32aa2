// Package proxyproto reads and writes the header of the PROXY protocol, versions 1 and 2
// (haproxy.org, doc/proxy-protocol.txt), by which a load balancer says whose connection it is.
//
// In: the first bytes of a connection whose peer is trusted to send a header. Out: the
// addresses, and how many of the bytes are the header's. Who calls it decides whom to
// trust: anyone else could claim any address. Nothing is kept, and any goroutine may call it.
package proxyproto
