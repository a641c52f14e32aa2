// Package proxy is the life of an exchange: accept, read the head, match,
// filter, pick an endpoint, forward, relay both bodies, log, and in the end drain.
//
// In: connections from the listeners given to Serve, the table of the moment
// from a table.Holder, loaded once for each exchange. Out: requests to the
// endpoints of the table's pools, an access log entry and a metric for each
// exchange. A Proxy may be used by any goroutine; each connection has one
// goroutine of its own, an exchange with a body that is still coming has a
// second one for that body, and a tunnel has a second one for its other direction.
//
// A client of HTTP/1.1 that leaves is noticed when something is written to it or read
// from it, not while its endpoint is silent: what looks like a leave may be half of
// the connection only. A stream of HTTP/2 that is reset frees its endpoint at once.
//
// A client that takes nothing makes us hold little: what it has no room for is left with the
// endpoint, as far as its protocol says what it has room for, and the kernel keeps a bounded part.
//
// # What is promised
//
// Matching, forwarding and the access log see one and the same request: the path
// in the form of match.NormalizePath, the host in that of match.NormalizeHost.
//
// Retries. A try that failed to connect moves on to another endpoint, at most
// three tries in all, and never to the same endpoint while there is another. After a
// connection was made, a request is sent again if it was closed without a byte of
// a response, nothing (103 included) was passed on, the request has no body or one that is
// still held in memory, and either the method is idempotent (RFC 9110 section 9.2.2) or
// nothing of the request can have been sent. A second try is made on a new connection. All
// other failures, timeouts among them, are told to the client. An idle connection that the
// endpoint has closed is noticed before it is used, whatever the method.
//
// Expect: 100-continue (RFC 9110 section 10.1.1) is answered here, at the moment
// when a connection to an endpoint stands and the body is wanted; it is not
// forwarded, and an endpoint's own 100 is dropped. A request that is refused before
// is answered without a 100. Other informational responses (103) are relayed.
//
// TRACE is refused with 405, and CONNECT with 501 unless a route asks for it (table.Route.Connect): that gets a tunnel of
// bytes to an endpoint of the route, over a connection of its own, and nothing is connected to because a client names it. The extended CONNECT of HTTP/2 (RFC 8441) is
// taken for the GET with an Upgrade that HTTP/1.1 has in its place: it is matched, forwarded,
// and its stream tunnelled like that, and logged with the 200 that its client gets. An
// upgrade (RFC 9110 section 7.8) is forwarded if the request is HTTP/1.1 and has no body; "h2c" never is.
// Bytes are tunnelled only after a 101 of the endpoint that names the protocol asked for and,
// for WebSocket, proves it by Sec-WebSocket-Accept (RFC 6455 section 4.2.2).
//
// Connections of listeners of TCP, and of TLS by their server name, are passed on without a
// look at their content: the first bytes of TLS are read once, for at most 5 s, and sent on as they came.
// Connecting is tried on up to three endpoints. What cannot be passed on is closed without a
// byte, and what is broken off is reset. Datagrams are passed on by session, and go to another endpoint once theirs may not be used.
//
// A connection from Options.ProxyProtocol must begin with a header of the PROXY protocol within 5 s;
// its source address is then the client's everywhere, also where X-Forwarded-For is believed.
//
// HTTP/3 is served by ServeHTTP3 on sockets of UDP, with the limits and times of HTTP/2. A stream of it
// is an exchange like one of HTTP/2; early data is never accepted. Answers over TLS of a listener that has it
// say so (Alt-Svc).
//
// Field names go to the endpoint as they came: those of an HTTP/2 client in lower case, which
// is the same name (RFC 9110 section 5.1).
//
// X-Forwarded-For, -Proto, -Host, -Port, all other names in X-Forwarded-*, X-Real-IP and Forwarded of clients
// outside Options.TrustedProxies are removed. The first four and X-Real-IP are made anew, Forwarded as Options.Forwarded says.
// X-Request-Id is kept if the client is trusted and the value has 1 to 128 characters
// of A-Z a-z 0-9 . _ ~ + / = : -; else it is 32 random hexadecimal digits.
//
// Endpoints that speak HTTP/2 (gRPC) get many requests over one connection. What such an endpoint
// says that it has not looked at (GOAWAY, REFUSED_STREAM) is sent again whatever the method. Upgrades are
// extended CONNECTs there (RFC 8441), which its SETTINGS must allow: else they are answered with 501 (RFC 9220 section 3), and
// so is an upgrade of another method than GET, or to a protocol with a version.
//
// A request over TLS for a host whose certificate is another than that of the
// connection's server name (both by a binding of the listener) gets 421 (RFC 9110 section 15.5.20).
//
// gRPC. A request of content type application/grpc over HTTP/2 has its grpc-timeout as a
// bound of the exchange, and gets Sluice's own answers as trailers-only responses of gRPC. What
// fails behind the response's head ends with a grpc-status, not with a reset.
//
// Overload. Where memory is short (Options.Pressure), idle connections are closed first, then new
// ones are reset, and at last requests are answered 503; what is under way is served. A listener
// that is full closes the connections that have been idle for longest. TLS handshakes
// are computed few at once, by turns of clients.
//
// A circuit that is open (pkg/upstream/breaker) is answered 503 with Retry-After before anything is
// sent. A request counts for it by the status that its client gets, when that is known: all
// tries together, and without what happens to the body.
//
// Timeouts fire at the time set or later by at most a sixteenth of it, 4 s at most:
// deadlines are told to the poller seldom, as that is not free.
//
// Draining. PrepareDrain marks each response as the last of its connection, while
// new connections are still served. Shutdown stops accepting, goes on serving
// connections that are idle for Timeouts.DrainIdle, since a request may be on its
// way, then closes them; HTTP/2 says GOAWAY twice, the second time when the client has
// seen the first, and serves what was opened until then. Exchanges and tunnels may go on until its context ends.
package proxy
