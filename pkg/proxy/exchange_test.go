package proxy_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// date makes responses of endpoints complete.
const date = "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n"

const okResponse = "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 2\r\n\r\nok"

// start starts a proxy with one route.
func start(t *testing.T, o proxytest.Options, change func(*ir.Route)) *proxytest.Kit {
	t.Helper()
	k := proxytest.Start(t, o)
	c, r := proxytest.Config()
	if change != nil {
		change(r)
	}
	k.Serve(c)
	return k
}

var (
	madeID   = regexp.MustCompile(`X-Request-Id: [0-9a-f]{32}`)
	madeDate = regexp.MustCompile(`Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[1-9][0-9] [0-9:]{8} GMT`)
)

// tidy takes out of raw bytes what differs from run to run, and shortens the
// ends of lines.
func tidy(raw string) string {
	raw = madeID.ReplaceAllString(raw, "X-Request-Id: ID")
	raw = madeDate.ReplaceAllString(raw, "Date: NOW")
	return strings.ReplaceAll(raw, "\r\n", "\n")
}

// exchange is one case: bytes of a client, of an endpoint, and what comes of them.
type exchange struct {
	route func(*ir.Route)
	proxy proxy.Options
	// request is all that the client sends.
	request string
	// replies are the endpoint's answers on one connection.
	replies []string
	// sees is the head of each request that the endpoint gets, without the
	// fields that the proxy adds; nil means that it gets none.
	sees []string
	// gets is all that the client gets.
	gets string
}

// added are the fields that each forwarded request has.
var added = regexp.MustCompile(`(?m)^X-(Forwarded-[A-Za-z]+|Real-IP|Request-Id): .*\n`)

func (e *exchange) run(t *testing.T) {
	k := start(t, proxytest.Options{Proxy: e.proxy}, e.route)
	heads := make(chan string, 8)
	k.SetEndpoints(k.Replies(heads, e.replies...))
	got := tidy(k.Send(strings.ReplaceAll(e.request, "\n", "\r\n")))
	if diff := cmp.Diff(e.gets, got); diff != "" {
		t.Errorf("the client gets (-want +got):\n%s", diff)
	}
	var sees []string
	for len(heads) > 0 {
		sees = append(sees, added.ReplaceAllString(strings.ReplaceAll(<-heads, "\r\n", "\n"), ""))
	}
	if diff := cmp.Diff(e.sees, sees); diff != "" {
		t.Errorf("the endpoint sees (-want +got):\n%s", diff)
	}
}

func runAll(t *testing.T, cases map[string]exchange, change ...func(*exchange)) {
	t.Helper()
	for name, c := range cases {
		for _, f := range change {
			f(&c)
		}
		t.Run(name, c.run)
	}
}

// own is an answer of the proxy's own.
func own(status, text string, fields ...string) string {
	return "HTTP/1.1 " + status + "\n" + strings.Join(fields, "") + "Content-Type: text/plain; charset=utf-8\nDate: NOW\nX-Request-Id: ID\n" + text
}

func respond(status int, reason, body string) func(*ir.Route) {
	return func(r *ir.Route) { r.Action = &ir.Respond{Status: status, Reason: reason, Body: body} }
}

func TestExchanges(t *testing.T) {
	runAll(t, map[string]exchange{
		"a GET is relayed": {
			request: "GET /a?b=c HTTP/1.1\nHost: h.example\nAccept: x\n\n",
			replies: []string{okResponse},
			sees:    []string{"GET /a?b=c HTTP/1.1\nHost: h.example\nAccept: x\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"pipelined requests are answered in order": {
			request: "GET /1 HTTP/1.1\nHost: h\n\nGET /2 HTTP/1.1\nHost: h\n\n",
			replies: []string{okResponse, "HTTP/1.1 404 Not Found\r\n" + date + "Content-Length: 1\r\n\r\n2"},
			sees:    []string{"GET /1 HTTP/1.1\nHost: h\n\n", "GET /2 HTTP/1.1\nHost: h\n\n"},
			gets: "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok" +
				"HTTP/1.1 404 Not Found\n" + tidy(date) + "Content-Length: 1\n\n2",
		},
		"the connection ends where the client asks for it": {
			request: "GET /1 HTTP/1.1\nHost: h\nConnection: close\n\nGET /2 HTTP/1.1\nHost: h\n\n",
			replies: []string{okResponse},
			sees:    []string{"GET /1 HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\nConnection: close\n\nok",
		},
		"a chunked response with trailers is relayed": {
			request: "GET / HTTP/1.1\nHost: h\nTE: trailers\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\nTE: trailers\nConnection: TE\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Trailer: X-Sum\nTransfer-Encoding: chunked\n\n2\nok\n0\nX-Sum: 1\n\n",
		},
		"a chunked response ends an HTTP/1.0 connection": {
			request: "GET / HTTP/1.0\nHost: h\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Connection: close\n\nok",
		},
		"a response until the end of the connection becomes chunked": {
			request: "GET / HTTP/1.1\nHost: h\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "\r\nok"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Transfer-Encoding: chunked\n\n2\nok\n0\n\n",
		},
		"an answer to HEAD has no body": {
			request: "HEAD / HTTP/1.1\nHost: h\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Content-Length: 100\r\n\r\n"},
			sees:    []string{"HEAD / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 100\n\n",
		},
		"204 and 304 have no body": {
			request: "GET /1 HTTP/1.1\nHost: h\n\nGET /2 HTTP/1.1\nHost: h\n\n",
			replies: []string{"HTTP/1.1 204 No Content\r\n" + date + "\r\n", "HTTP/1.1 304 Not Modified\r\n" + date + "Etag: x\r\n\r\n"},
			sees:    []string{"GET /1 HTTP/1.1\nHost: h\n\n", "GET /2 HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 204 No Content\n" + tidy(date) + "\nHTTP/1.1 304 Not Modified\n" + tidy(date) + "Etag: x\n\n",
		},
		"103 is relayed and 100 is not": {
			request: "GET / HTTP/1.1\nHost: h\n\n",
			replies: []string{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okResponse},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"103 is not relayed to HTTP/1.0": {
			request: "GET / HTTP/1.0\nHost: h\n\n",
			replies: []string{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okResponse},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\nConnection: close\n\nok",
		},
		"a missing Date is added": {
			request: "GET / HTTP/1.1\nHost: h\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\nDate: NOW\nContent-Length: 0\n\n",
		},
		"hop-by-hop fields stay on their hop": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: keep-alive, X-Hop\nKeep-Alive: 5\nX-Hop: 1\nProxy-Connection: x\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Connection: X-Back\r\nX-Back: 1\r\nKeep-Alive: 3\r\nContent-Length: 0\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 0\n\n",
		},
		"OPTIONS * is forwarded as it is": {
			request: "OPTIONS * HTTP/1.1\nHost: h\n\n",
			replies: []string{okResponse},
			sees:    []string{"OPTIONS * HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"dot segments are resolved before matching and forwarding": {
			request: "GET /a/../b/%7Ec?d=../e HTTP/1.1\nHost: h\n\n",
			replies: []string{okResponse},
			sees:    []string{"GET /b/~c?d=../e HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
	})
}

func TestOwnAnswers(t *testing.T) {
	never := respond(500, "", "never")
	runAll(t, map[string]exchange{
		"no route is 404": {
			route:   func(r *ir.Route) { r.Match.Path.Value = "/other" },
			request: "GET / HTTP/1.1\nHost: h\n\n",
			gets:    own("404 Not Found", "Content-Length: 14\n\n404 Not Found\n"),
		},
		"JSON goes to clients that prefer it": {
			route:   func(r *ir.Route) { r.Match.Path.Value = "/other" },
			proxy:   proxy.Options{DebugHeaders: true},
			request: "HEAD / HTTP/1.1\nHost: h\nAccept: text/*;q=0.5, application/json\n\n",
			gets: "HTTP/1.1 404 Not Found\nContent-Type: application/json\nDate: NOW\nX-Request-Id: ID\n" +
				"X-Sluice-Reason: no_route\nContent-Length: 104\n\n",
		},
		"a route may answer by itself": {
			route:   respond(403, "denied", "go away\n"),
			request: "GET / HTTP/1.1\nHost: h\n\n",
			gets:    own("403 Forbidden", "Content-Length: 8\n\ngo away\n"),
		},
		"the connection goes on behind a small body that nobody read": {
			route:   respond(403, "denied", "no\n"),
			request: "POST / HTTP/1.1\nHost: h\nContent-Length: 4\n\nbodyGET / HTTP/1.1\nHost: h\n\n",
			gets:    own("403 Forbidden", "Content-Length: 3\n\nno\n") + own("403 Forbidden", "Content-Length: 3\n\nno\n"),
		},
		"a chunked body that nobody read is passed over": {
			route:   respond(403, "denied", "no\n"),
			request: "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n4\nbody\n0\n\nGET / HTTP/1.1\nHost: h\n\n",
			gets:    own("403 Forbidden", "Content-Length: 3\n\nno\n") + own("403 Forbidden", "Content-Length: 3\n\nno\n"),
		},
		"a large body that nobody reads ends the connection": {
			route:   respond(403, "denied", "no\n"),
			request: "POST / HTTP/1.1\nHost: h\nContent-Length: 1000000\n\n",
			gets:    own("403 Forbidden", "Content-Length: 3\nConnection: close\n\nno\n"),
		},
		"a body that was never asked for ends the connection": {
			route:   respond(403, "denied", "no\n"),
			request: "POST / HTTP/1.1\nHost: h\nContent-Length: 4\nExpect: 100-continue\n\n",
			gets:    own("403 Forbidden", "Content-Length: 3\nConnection: close\n\nno\n"),
		},
		"a body beyond the route's bound is 413": {
			route:   func(r *ir.Route) { r.MaxBodyBytes = 3 },
			request: "POST / HTTP/1.1\nHost: h\nContent-Length: 4\n\nbody",
			gets:    own("413 Content Too Large", "Content-Length: 22\n\n413 Content Too Large\n"),
		},
		"CONNECT is 501": {
			route:   never,
			request: "CONNECT h:443 HTTP/1.1\nHost: h:443\n\n",
			gets:    own("501 Not Implemented", "Content-Length: 20\nConnection: close\n\n501 Not Implemented\n"),
		},
		"TRACE is 405": {
			route:   never,
			request: "TRACE / HTTP/1.1\nHost: h\n\n",
			gets: own("405 Method Not Allowed", "Content-Length: 23\n\n405 Method Not Allowed\n",
				"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\n"),
		},
		"a refused head is answered with its status, and the connection ends": {
			request: "GET / HTTP/1.1\nHost: h\nBad Name: x\n\n",
			gets:    own("400 Bad Request", "Content-Length: 16\nConnection: close\n\n400 Bad Request\n"),
		},
		"another expectation is 417": {
			request: "POST / HTTP/1.1\nHost: h\nExpect: tea\nContent-Length: 1\n\nx",
			gets:    own("417 Expectation Failed", "Content-Length: 23\nConnection: close\n\n417 Expectation Failed\n"),
		},
		"a target that is too long is 414": {
			request: "GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1\nHost: h\n\n",
			gets:    own("414 URI Too Long", "Content-Length: 17\nConnection: close\n\n414 URI Too Long\n"),
		},
		"too many fields are 431": {
			request: "GET / HTTP/1.1\nHost: h\n" + strings.Repeat("A: b\n", 101) + "\n",
			gets:    own("431 Request Header Fields Too Large", "Content-Length: 36\nConnection: close\n\n431 Request Header Fields Too Large\n"),
		},
		"a path that endpoints read differently is 400": {
			request: "GET /a/..;/b HTTP/1.1\nHost: h\n\n",
			gets:    own("400 Bad Request", "Content-Length: 16\n\n400 Bad Request\n"),
		},
		"no endpoint is 503": {
			route: func(r *ir.Route) {
				r.Action = &ir.Forward{Backends: []ir.WeightedUpstream{{Weight: 1, FailStatus: 503, FailReason: "no such Service"}}}
			},
			proxy:   proxy.Options{DebugHeaders: true},
			request: "GET / HTTP/1.1\nHost: h\n\n",
			gets:    own("503 Service Unavailable", "X-Sluice-Reason: backend_unusable\nContent-Length: 24\n\n503 Service Unavailable\n"),
		},
	})
}

func TestEndpointsThatMisbehave(t *testing.T) {
	get := "GET / HTTP/1.1\nHost: h\n\n"
	badGateway := func(reason string) string {
		return own("502 Bad Gateway", "X-Sluice-Reason: "+reason+"\nContent-Length: 16\n\n502 Bad Gateway\n")
	}
	cases := map[string]exchange{
		"no response at all is 502": {
			replies: []string{""}, gets: badGateway("endpoint_closed"), sees: []string{get, get, get},
		},
		"half a head is 502": {
			replies: []string{"HTTP/1.1 200 OK\r\nContent-Le"}, gets: badGateway("endpoint_invalid_response"),
		},
		"another protocol is 502": {
			replies: []string{"SSH-2.0-OpenSSH_9.9\r\n\r\n"}, gets: badGateway("endpoint_invalid_response"),
		},
		"a bare LF is 502": {
			replies: []string{"HTTP/1.1 200 OK\nContent-Length: 0\n\n"}, gets: badGateway("endpoint_invalid_response"),
		},
		"Content-Length with Transfer-Encoding is 502": {
			replies: []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
			gets:    badGateway("endpoint_invalid_response"),
		},
		"101 that nobody asked for is 502": {
			replies: []string{"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"},
			gets:    badGateway("endpoint_invalid_upgrade"),
		},
		"a flood of interim responses is 502": {
			replies: []string{strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)},
			gets:    badGateway("endpoint_interim_flood"),
		},
		"bytes behind the response do not reach the next client": {
			request: get + get,
			replies: []string{okResponse + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray", okResponse},
			sees:    []string{get, get},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nokHTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"a body that breaks off ends the connection": {
			request: get + get,
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Content-Length: 5\r\n\r\nok"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 5\n\nok",
		},
		"a chunked body that breaks off has no last chunk": {
			request: get + get,
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Transfer-Encoding: chunked\n\n2\nok\n",
		},
	}
	for name, c := range cases {
		if c.request == "" {
			c.request = get
		}
		if c.sees == nil {
			c.sees = []string{get}
		}
		c.proxy.DebugHeaders = true
		if strings.Contains(name, "reach the next client") {
			// The second request comes on another connection.
			c.replies = c.replies[:1]
			c.sees = []string{get, get}
		}
		t.Run(name, c.run)
	}
}

func TestReasonsInTheLog(t *testing.T) {
	const why = "Service \"ns/gone\" does not exist\n"
	for name, c := range map[string]struct {
		route func(*ir.Route)
		word  string
		want  string
	}{
		"a route that is broken": {respond(503, why, ""), "route_broken", why},
		"a share that is broken": {func(r *ir.Route) {
			r.Action = &ir.Forward{Backends: []ir.WeightedUpstream{{Weight: 1, FailStatus: 500, FailReason: why}}}
		}, "backend_unusable", why},
		"no endpoint": {nil, "no_endpoint", "no_endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, c.route)
			if got := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.Contains(got, "X-Sluice-Reason: "+c.word+"\r\n") {
				t.Errorf("got %q", got)
			}
			if line := k.Log(1)[0]; line["reason"] != c.want {
				t.Errorf("logged %v", line)
			}
		})
	}
}
