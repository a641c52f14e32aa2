package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// contentLength returns what a head says.
func contentLength(t *testing.T, head string) (n int64) {
	t.Helper()
	for line := range strings.SplitSeq(head, "\r\n") {
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			for _, c := range value {
				n = n*10 + int64(c-'0')
			}
		}
	}
	return n
}

func TestTimeouts(t *testing.T) {
	get := "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	silent := func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }
	saying := func(text string) func(net.Conn, *bufio.Reader) {
		return func(nc net.Conn, r *bufio.Reader) {
			proxytest.ReadHead(r)
			io.WriteString(nc, text)
			io.Copy(io.Discard, r)
		}
	}
	for name, c := range map[string]struct {
		route    func(*ir.Timeouts)
		endpoint func(net.Conn, *bufio.Reader)
		hang     bool
		// send is what the client sends; drip that it sends a byte more each second.
		send string
		drip bool
		// gets is what the answer begins with, empty where nothing comes.
		gets   string
		reason string
		// after is when the connection ends.
		after time.Duration
	}{
		"a client that says nothing is left in silence": {
			after: 30 * time.Second,
		},
		"a head that comes byte by byte is 408": {
			send: "GET / HTTP/1.1\r\n", drip: true,
			gets: "HTTP/1.1 408 ", reason: "client_head_timeout", after: 10 * time.Second,
		},
		"an endpoint that says nothing is 504": {
			route: func(r *ir.Timeouts) { r.BackendRequest = 30 * time.Second }, endpoint: silent, send: get,
			gets: "HTTP/1.1 504 ", reason: "endpoint_timeout", after: 30*time.Second + 60*time.Second,
		},
		"the exchange as a whole is bounded": {
			route: func(r *ir.Timeouts) { r.BackendRequest, r.Request = 30*time.Second, time.Second }, endpoint: silent, send: get,
			gets: "HTTP/1.1 504 ", reason: "request_timeout", after: time.Second + 60*time.Second,
		},
		"connecting is bounded": {
			route: func(r *ir.Timeouts) { r.Connect = 2 * time.Second }, hang: true, send: get,
			gets: "HTTP/1.1 504 ", reason: "connect_timeout", after: 3*2*time.Second + 60*time.Second,
		},
		"connecting ends with the exchange": {
			route: func(r *ir.Timeouts) { r.Connect, r.Request = 2*time.Second, 3*time.Second }, hang: true, send: get,
			gets: "HTTP/1.1 504 ", reason: "connect_timeout", after: 3*time.Second + 60*time.Second,
		},
		"a response that stalls is cut off": {
			route: func(r *ir.Timeouts) { r.Idle = 5 * time.Second }, endpoint: saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"), send: get,
			gets: "HTTP/1.1 200 OK", reason: "endpoint_body_timeout", after: 5 * time.Second,
		},
		"a response is not bounded by the time to its head": {
			route:    func(r *ir.Timeouts) { r.BackendRequest, r.Idle = time.Second, 5*time.Second },
			endpoint: saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"), send: get,
			gets: "HTTP/1.1 200 OK", reason: "endpoint_body_timeout", after: 5 * time.Second,
		},
		"a request's body that stalls is 408": {
			route: func(r *ir.Timeouts) { r.Idle = 5 * time.Second }, endpoint: silent,
			send: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nsome",
			gets: "HTTP/1.1 408 ", reason: "client_body_timeout", after: 5 * time.Second,
		},
		"a request's body that drips is 408": {
			route: func(r *ir.Timeouts) { r.Idle = 60 * time.Second }, endpoint: silent, drip: true,
			send: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nsome",
			gets: "HTTP/1.1 408 ", reason: "client_body_timeout", after: 10 * time.Second,
		},
		"a body that drips behind many bytes has more time": {
			route: func(r *ir.Timeouts) { r.Idle = 60 * time.Second }, endpoint: silent, drip: true,
			send: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n" + strings.Repeat("x", 2400),
			gets: "HTTP/1.1 408 ", reason: "client_body_timeout", after: 20 * time.Second,
		},
		"a tunnel that stalls is closed": {
			route:    func(r *ir.Timeouts) { r.TunnelIdle = 7 * time.Second },
			endpoint: saying("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello"),
			send:     "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
			gets:     "HTTP/1.1 101 ", reason: "tunnel_timeout", after: 7 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := new(proxytest.Memory)
				k := start(t, proxytest.Options{Network: network}, func(r *ir.Route) {
					if c.route != nil {
						c.route(&r.Timeouts)
					}
				})
				switch {
				case c.hang:
					network.Hang(nowhere(1).Address)
					k.SetEndpoints(nowhere(1))
				case c.endpoint != nil:
					k.SetEndpoints(k.Endpoint(c.endpoint))
				}
				nc := k.Dial(ir.ListenerHTTP)
				began := time.Now()
				io.WriteString(nc, c.send)
				var dripping sync.WaitGroup
				if c.drip {
					dripping.Go(func() {
						for {
							time.Sleep(time.Second)
							if _, err := nc.Write([]byte("X")); err != nil {
								return
							}
						}
					})
				}
				got, _ := io.ReadAll(nc)
				took := time.Since(began)
				nc.Close()
				dripping.Wait()
				if !strings.HasPrefix(string(got), c.gets) || c.gets == "" && len(got) > 0 {
					t.Errorf("got %q", got)
				}
				// Timeouts may be late by a sixteenth; lingering takes a second.
				if took < c.after || took > c.after+c.after/16+2*time.Second {
					t.Errorf("it took %v, not %v", took, c.after)
				}
				if c.reason != "" {
					if line := k.Log(1)[0]; line["reason"] != c.reason {
						t.Errorf("logged %v", line)
					}
				}
			})
		})
	}
}

// TestIdleCountsBothDirections has one direction stand still while the other moves.
func TestIdleCountsBothDirections(t *testing.T) {
	const steps, step = 8, 3 * time.Second
	for name, c := range map[string]struct {
		endpoint func(nc net.Conn, r *bufio.Reader)
		client   func(nc net.Conn)
	}{
		"the request moves": {
			endpoint: func(nc net.Conn, r *bufio.Reader) {
				proxytest.ReadHead(r)
				io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
				io.CopyN(io.Discard, r, steps)
				io.WriteString(nc, "ok")
			},
			client: func(nc net.Conn) {
				for range steps {
					time.Sleep(step)
					io.WriteString(nc, "x")
				}
			},
		},
		"the response moves": {
			endpoint: func(nc net.Conn, r *bufio.Reader) {
				proxytest.ReadHead(r)
				io.WriteString(nc, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
				for range steps {
					time.Sleep(step)
					io.WriteString(nc, "1\r\nx\r\n")
				}
				io.CopyN(io.Discard, r, steps)
				io.WriteString(nc, "2\r\nok\r\n0\r\n\r\n")
			},
			client: func(nc net.Conn) {
				time.Sleep(steps * step)
				io.WriteString(nc, strings.Repeat("x", steps))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Timeouts.Idle = 5 * time.Second })
				k.SetEndpoints(k.Endpoint(c.endpoint))
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 8\r\n\r\n")
				go c.client(nc)
				got, err := io.ReadAll(nc)
				if err != nil || !strings.Contains(string(got), "ok") {
					t.Errorf("got %q, %v", got, err)
				}
				nc.Close()
				if line := k.Log(1)[0]; line["reason"] != nil {
					t.Errorf("logged %v", line)
				}
			})
		})
	}
}

func TestClientThatReadsNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{Write: 20 * time.Second}}}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			proxytest.ReadHead(r)
			io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"+strings.Repeat("x", 1000000))
		}))
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		began := time.Now()
		line := k.Log(1)[0]
		if took := time.Since(began); line["reason"] != "client_write_timeout" || took < 20*time.Second || took > 22*time.Second {
			t.Errorf("after %v: %v", took, line)
		}
	})
}
