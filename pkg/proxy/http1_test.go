package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestHTTP1 is what RFC 9112 asks of a proxy and other tests of this package do not.
func TestHTTP1(t *testing.T) {
	get := "GET / HTTP/1.1\nHost: h\n\n"
	runAll(t, map[string]exchange{
		"an absolute target goes on as a path and its host": {
			request: "GET http://H.example/a?b HTTP/1.1\nHost: h.example\n\n",
			replies: []string{okResponse},
			sees:    []string{"GET /a?b HTTP/1.1\nHost: H.example\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"an absolute target for another host than Host is 400": {
			request: "GET http://a.example/ HTTP/1.1\nHost: b.example\n\n",
			gets:    own("400 Bad Request", "Content-Length: 16\nConnection: close\n\n400 Bad Request\n"),
		},
		"OPTIONS of an absolute target without a path is one of the server": {
			request: "OPTIONS http://h HTTP/1.1\nHost: h\n\n",
			replies: []string{okResponse},
			sees:    []string{"OPTIONS * HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"CONNECT ends the connection, with what was sent behind it": {
			route:   respond(200, "", "never"),
			request: "CONNECT h:443 HTTP/1.1\nHost: h:443\n\n" + get,
			gets:    own("501 Not Implemented", "Content-Length: 20\nConnection: close\n\n501 Not Implemented\n"),
		},
		"HEAD, a body and a refusal in one pipeline are answered in order": {
			request: "HEAD /1 HTTP/1.1\nHost: h\n\nPOST /2 HTTP/1.1\nHost: h\nContent-Length: 3\n\nabcGET /3 HTTP/1.1\nHost: h\n\nGET bad HTTP/1.1\nHost: h\n\n" + get,
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Content-Length: 7\r\n\r\n", okResponse, "HTTP/1.1 404 Not Found\r\n" + date + "Content-Length: 0\r\n\r\n"},
			// The kit's endpoint reads heads alone, so the body stands before the next one.
			sees: []string{"HEAD /1 HTTP/1.1\nHost: h\n\n", "POST /2 HTTP/1.1\nHost: h\nContent-Length: 3\n\n", "abcGET /3 HTTP/1.1\nHost: h\n\n"},
			gets: "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 7\n\n" +
				"HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok" +
				"HTTP/1.1 404 Not Found\n" + tidy(date) + "Content-Length: 0\n\n" +
				own("400 Bad Request", "Content-Length: 16\nConnection: close\n\n400 Bad Request\n"),
		},
		"nothing is served behind a request that asks for a close": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: close\n\n" + get,
			replies: []string{okResponse, okResponse},
			sees:    []string{get},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\nConnection: close\n\nok",
		},
		"HTTP/1.0 keeps the connection if it asks for that": {
			request: "GET / HTTP/1.0\nHost: h\nConnection: keep-alive\n\nGET / HTTP/1.0\nHost: h\n\n",
			replies: []string{okResponse, okResponse},
			sees:    []string{get, get},
			gets: "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\nConnection: keep-alive\n\nok" +
				"HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\nConnection: close\n\nok",
		},
		"HTTP/1.0 gets the end of a body of unknown length by a close": {
			request: "GET / HTTP/1.0\nHost: h\nConnection: keep-alive\n\n",
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "\r\nall of it"},
			sees:    []string{get},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Connection: close\n\nall of it",
		},
		"an endpoint of HTTP/1.0 that closes is read to its end": {
			request: get,
			replies: []string{"HTTP/1.0 200 OK\r\n" + date + "\r\nall of it"},
			sees:    []string{get},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Transfer-Encoding: chunked\n\n9\nall of it\n0\n\n",
		},
		"an endpoint of HTTP/1.0 that keeps the connection gets the next request": {
			request: get + get,
			replies: []string{"HTTP/1.0 200 OK\r\n" + date + "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok", okResponse},
			sees:    []string{get, get},
			gets:    strings.Repeat("HTTP/1.1 200 OK\n"+tidy(date)+"Content-Length: 2\n\nok", 2),
		},
		"several 103 and an unknown 1xx are relayed in order": {
			request: get,
			replies: []string{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 199 Soon\r\n\r\n" + okResponse},
			sees:    []string{get},
			gets: "HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 103 Early Hints\nLink: </b>\n\nHTTP/1.1 199 \n\n" +
				"HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"extensions of chunks stay on their hop": {
			request: get,
			replies: []string{"HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n2;a=b;c=\"d\"\r\nok\r\n0;last\r\nX-Sum: 1\r\n\r\n"},
			sees:    []string{get},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Transfer-Encoding: chunked\n\n2\nok\n0\nX-Sum: 1\n\n",
		},
		"a body that is announced as too large is refused without a 100": {
			route:   func(r *ir.Route) { r.MaxBodyBytes = 3 },
			request: "POST / HTTP/1.1\nHost: h\nContent-Length: 4\nExpect: 100-continue\n\n",
			gets:    own("413 Content Too Large", "Content-Length: 22\nConnection: close\n\n413 Content Too Large\n"),
		},
		"HTTP/1.0 cannot expect anything": {
			request: "POST / HTTP/1.0\nHost: h\nContent-Length: 4\nExpect: 100-continue\n\nbody",
			replies: []string{okResponse},
			sees:    []string{"POST / HTTP/1.1\nHost: h\nContent-Length: 4\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\nConnection: close\n\nok",
		},
	})
}

// TestExtensionsOfARequestsChunksAreDropped reads what the endpoint gets byte by byte.
func TestExtensionsOfARequestsChunksAreDropped(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	got := make(chan string, 1)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err != nil {
			return
		}
		var body []byte
		for !strings.HasSuffix(string(body), "0\r\n\r\n") {
			b, err := r.ReadByte()
			if err != nil {
				break
			}
			body = append(body, b)
		}
		got <- string(body)
		io.WriteString(nc, okResponse)
	}))
	nc := k.Dial(ir.ListenerHTTP)
	r := bufio.NewReader(nc)
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0;z=\"\\\"\"\r\n\r\n")
	if head, err := proxytest.ReadHead(r); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
		t.Errorf("got %q, %v", head, err)
	}
	if body := <-got; body != "3\r\nabc\r\n0\r\n\r\n" {
		t.Errorf("the endpoint gets %q", body)
	}
}

// TestExpectations has clients that wait for a 100 and endpoints that do not care.
func TestExpectations(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
	const unauthorized = "HTTP/1.1 401 Unauthorized\r\n" + date + "Content-Length: 0\r\n\r\n"
	readAll := func(nc net.Conn, r *bufio.Reader) bool {
		if _, err := proxytest.ReadHead(r); err != nil {
			return false
		}
		_, err := io.ReadFull(r, make([]byte, 4))
		return err == nil
	}
	for name, c := range map[string]struct {
		// eager sends the body with the head.
		eager bool
		serve func(nc net.Conn, r *bufio.Reader)
		want  []string
		// closes says that the final response is the connection's last.
		closes bool
	}{
		"the endpoint ignores the expectation": {
			serve: func(nc net.Conn, r *bufio.Reader) {
				for readAll(nc, r) {
					io.WriteString(nc, okResponse)
				}
			},
			want: []string{"HTTP/1.1 100 Continue\r\n", "HTTP/1.1 200 OK\r\n"},
		},
		"the endpoint sends a 100 of its own": {
			serve: func(nc net.Conn, r *bufio.Reader) {
				if _, err := proxytest.ReadHead(r); err != nil {
					return
				}
				io.WriteString(nc, "HTTP/1.1 100 Continue\r\n\r\n")
				io.ReadFull(r, make([]byte, 4))
				io.WriteString(nc, okResponse)
				io.Copy(io.Discard, r)
			},
			want: []string{"HTTP/1.1 100 Continue\r\n", "HTTP/1.1 200 OK\r\n"},
		},
		"the client does not wait": {
			eager: true,
			serve: func(nc net.Conn, r *bufio.Reader) {
				for readAll(nc, r) {
					io.WriteString(nc, okResponse)
				}
			},
			want: []string{"HTTP/1.1 100 Continue\r\n", "HTTP/1.1 200 OK\r\n"},
		},
		"the endpoint answers by the head alone and closes": {
			serve: func(nc net.Conn, r *bufio.Reader) {
				if _, err := proxytest.ReadHead(r); err == nil {
					io.WriteString(nc, strings.Replace(unauthorized, "Content-Length", "Connection: close\r\nContent-Length", 1))
				}
			},
			want:   []string{"HTTP/1.1 100 Continue\r\n", "HTTP/1.1 401 Unauthorized\r\n"},
			closes: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, nil)
				k.SetEndpoints(k.Endpoint(c.serve))
				nc := k.Dial(ir.ListenerHTTP)
				r := bufio.NewReader(nc)
				io.WriteString(nc, head)
				if c.eager {
					io.WriteString(nc, "body")
				}
				for i, want := range c.want {
					got, err := proxytest.ReadHead(r)
					// A client that has not waited need not be told to go on.
					if c.eager && i == 0 && err == nil && strings.HasPrefix(got, c.want[1]) {
						break
					}
					if err != nil || !strings.HasPrefix(got, want) {
						t.Fatalf("got %q, %v, not %q", got, err, want)
					}
					if i == 0 && !c.eager && !c.closes {
						io.WriteString(nc, "body")
					}
					if i == 1 && strings.Contains(got, "Connection: close\r\n") != c.closes {
						t.Errorf("got %q", got)
					}
				}
				if c.closes {
					if _, err := io.ReadAll(r); err != nil {
						t.Errorf("the connection ends with %v", err)
					}
				}
				nc.Close()
			})
		})
	}
}

// TestClientsMayCloseTheirHalf has a client that sends its request, closes its half of the
// connection, and waits.
func TestClientsMayCloseTheirHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			if _, err := proxytest.ReadHead(r); err != nil {
				return
			}
			time.Sleep(20 * time.Second)
			io.WriteString(nc, "HTTP/1.1 200 OK\r\n"+date+"Content-Length: 4\r\n\r\nla")
			time.Sleep(20 * time.Second)
			io.WriteString(nc, "te")
		}))
		began := time.Now()
		got := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\nlate") {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != 40*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestEndpointsMayCloseAfterEachAnswer has an endpoint that serves one request per connection, and a
// client that keeps its own.
func TestEndpointsMayCloseAfterEachAnswer(t *testing.T) {
	// A POST must not be sent again. Where an endpoint closes without a word, that may cross the next
	// request, so there it is a GET, which may.
	for name, tt := range map[string]struct{ method, answer string }{
		"as it says":                    {"POST", "HTTP/1.1 200 OK\r\n" + date + "Connection: close\r\nContent-Length: 2\r\n\r\nok"},
		"as HTTP/1.0 does":              {"POST", "HTTP/1.0 200 OK\r\n" + date + "Content-Length: 2\r\n\r\nok"},
		"without a word":                {"GET", okResponse},
		"to say where the body ends":    {"POST", "HTTP/1.1 200 OK\r\n" + date + "\r\nok"},
		"at the end of a chunked one":   {"POST", "HTTP/1.1 200 OK\r\n" + date + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		"with bytes behind the answer":  {"POST", okResponse + "HTTP/1.1 500 Never\r\nContent-Length: 0\r\n\r\n"},
		"at the end of an early answer": {"GET", "HTTP/1.1 103 Early Hints\r\n\r\n" + okResponse},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, nil)
			e := k.Replies(nil, tt.answer)
			k.SetEndpoints(e)
			const requests = 20
			got := k.Send(strings.Repeat(tt.method+" / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", requests))
			if n := strings.Count(got, "HTTP/1.1 200 OK\r\n"); n != requests || strings.Contains(got, "500") {
				t.Errorf("%d of %d are answered: %q", n, requests, got)
			}
			if e.Accepted() != requests {
				t.Errorf("%d connections for %d requests", e.Accepted(), requests)
			}
		})
	}
}
