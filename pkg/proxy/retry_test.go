package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// nowhere is an endpoint that refuses connections.
func nowhere(last byte) *proxytest.Endpoint {
	return &proxytest.Endpoint{Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 9, last}), 80)}
}

func TestRefusedConnectionsMoveOn(t *testing.T) {
	for name, c := range map[string]struct {
		dead, alive int
		status      string
	}{
		"to the one that is there":         {2, 1, "200 OK"},
		"until three were tried":           {3, 0, "502 Bad Gateway"},
		"not further than three":           {9, 0, "502 Bad Gateway"},
		"even where there is only one":     {1, 0, "502 Bad Gateway"},
		"with no endpoint there is no try": {0, 0, "503 Service Unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, nil)
			var all []*proxytest.Endpoint
			for i := range c.dead {
				all = append(all, nowhere(byte(i)))
			}
			for range c.alive {
				all = append(all, k.Repeats(nil, okResponse))
			}
			k.SetEndpoints(all...)
			for range 2 * (c.dead + c.alive) {
				// A body that has to be sent again does not matter: none was sent.
				got := k.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
				if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+"\r\n") {
					t.Errorf("got %q", got)
				}
			}
			for _, line := range k.Log(2 * (c.dead + c.alive)) {
				if retries, _ := line["retries"].(float64); int(retries) > 2 {
					t.Errorf("%v retries", retries)
				}
			}
		})
	}
}

// TestStaleConnections has the endpoint close its connection upon the second
// request, as one does that closed while the request was under way.
func TestStaleConnections(t *testing.T) {
	for name, c := range map[string]struct {
		second string
		status string
		// tries is how often the second request arrives.
		tries int
	}{
		"GET is sent again":                {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK", 2},
		"PUT with a held body is, too":     {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", "200 OK", 2},
		"POST is not":                      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", "502 Bad Gateway", 1},
		"a method that nobody knows isn't": {"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "502 Bad Gateway", 1},
		"PUT with a body that streams isn't": {
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "502 Bad Gateway", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, nil)
			heads := make(chan string, 8)
			first := true
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				n := 0
				for {
					head, err := proxytest.ReadHead(r)
					if err != nil {
						return
					}
					heads <- head
					if n++; n == 2 && first {
						first = false
						return
					}
					io.WriteString(nc, okResponse)
				}
			}))
			got := k.Send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n" + c.second)
			_, got, _ = strings.Cut(got, "\r\n\r\nok")
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+"\r\n") {
				t.Errorf("got %q", got)
			}
			if n := len(heads) - 1; n != c.tries {
				t.Errorf("the request came %d times", n)
			}
		})
	}
}

func TestFreshConnectionThatClosesIsRetriedWhereThatIsSafe(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		// reply is what both endpoints say to the first request, status what comes of it.
		reply, status string
		tries         int
	}{
		"GET":                     {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", "200", 2},
		"POST":                    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", "", "502", 1},
		"GET with half a head":    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200", "502", 1},
		"GET behind early hints":  {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n", "103", 1},
		"GET with a bad response": {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "nonsense\r\n\r\n", "502", 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, nil)
			heads := make(chan string, 8)
			var first atomic.Bool
			serve := func(nc net.Conn, r *bufio.Reader) {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				heads <- head
				if first.CompareAndSwap(false, true) {
					io.WriteString(nc, c.reply)
				} else {
					io.WriteString(nc, okResponse)
				}
			}
			k.SetEndpoints(k.Endpoint(serve), k.Endpoint(serve))
			got := k.Send(c.request)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status+" ") || len(heads) != c.tries {
				t.Errorf("after %d tries: %q", len(heads), got)
			}
		})
	}
}

func TestClosedIdleConnectionIsNeverUsed(t *testing.T) {
	k := start(t, proxytest.Options{Network: proxytest.Loopback{}}, nil)
	// It closes each connection behind its first answer, without saying so.
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err == nil {
			io.WriteString(nc, okResponse)
		}
	}))
	nc := k.Dial(ir.ListenerHTTP)
	r := bufio.NewReader(nc)
	for i := range 100 {
		io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
		head, err := proxytest.ReadHead(r)
		if err != nil {
			t.Fatal(err)
		}
		// A close may come while the request is on its way; that is told, not hidden.
		if !strings.HasPrefix(head, "HTTP/1.1 200 ") && !strings.HasPrefix(head, "HTTP/1.1 502 ") {
			t.Fatalf("request %d: %q", i, head)
		}
		io.CopyN(io.Discard, r, contentLength(t, head))
	}
}
