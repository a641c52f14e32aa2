package proxy_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// FuzzEndpoint has an endpoint say anything. Whatever it says, the client gets
// one well-formed response to each of its requests, or one that ends
// too early; never bytes that it could take for another response.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{
		okResponse, okResponse + okResponse, "HTTP/1.1 200 OK\r\n\r\nuntil the end",
		"HTTP/1.1 103 Early Hints\r\n\r\n" + okResponse, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
		"\r\n", "HTTP/1.1 99 x\r\n\r\n", "",
	} {
		f.Add([]byte(seed))
	}
	var said atomic.Pointer[[]byte]
	k := proxytest.Start(f, proxytest.Options{})
	c, r := proxytest.Config()
	r.Timeouts = ir.Timeouts{BackendRequest: time.Minute, Idle: time.Minute}
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err == nil {
			nc.Write(*said.Load())
		}
	}))
	f.Fuzz(func(t *testing.T, reply []byte) {
		said.Store(&reply)
		nc := dial(t, k)
		defer nc.Close()
		io.WriteString(nc, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
		nc.(interface{ CloseWrite() error }).CloseWrite()
		all, err := io.ReadAll(nc)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodGet, "http://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		br := bufio.NewReader(bytes.NewReader(all))
		resp, err := http.ReadResponse(br, req)
		for err == nil && resp.StatusCode < 200 && resp.StatusCode != 101 {
			resp, err = http.ReadResponse(br, req)
		}
		if err != nil {
			t.Fatalf("%q becomes %q: %v", reply, all, err)
		}
		if resp.StatusCode == 101 {
			t.Fatalf("%q becomes a tunnel", reply)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil && br.Buffered() > 0 {
			t.Fatalf("%q becomes %q, with bytes behind the response", reply, all)
		}
	})
}

// dial connects to the proxy; the caller closes.
func dial(t *testing.T, k *proxytest.Kit) net.Conn {
	t.Helper()
	nc, err := k.Network.Dial(t.Context(), k.Address(ir.ListenerHTTP))
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// FuzzClient has a client say anything. Whatever reaches the endpoint is well-formed
// to net/http, with one Host and no spoofed fields.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Real-IP\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	k := proxytest.Start(f, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{Linger: time.Millisecond}}})
	c, r := proxytest.Config()
	r.Timeouts = ir.Timeouts{BackendRequest: time.Minute, Idle: time.Minute}
	k.Serve(c)
	bad := make(chan string, 64)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err == nil {
				_, err = io.Copy(io.Discard, req.Body)
			}
			switch {
			case err == nil:
			case errors.Is(err, io.EOF) || strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "closed"):
				return
			default:
				bad <- err.Error()
				return
			}
			ip := req.Header.Values("X-Real-IP")
			if len(ip) != 1 || !netip.MustParsePrefix("10.0.0.0/8").Contains(netip.MustParseAddr(ip[0])) {
				bad <- "X-Real-IP is " + strings.Join(ip, ", ")
			}
			if _, err := io.WriteString(nc, okResponse); err != nil {
				return
			}
		}
	}))
	f.Fuzz(func(t *testing.T, request []byte) {
		nc := dial(t, k)
		defer nc.Close()
		nc.Write(request)
		nc.(interface{ CloseWrite() error }).CloseWrite()
		if _, err := io.ReadAll(nc); err != nil {
			t.Fatal(err)
		}
		select {
		case what := <-bad:
			t.Fatalf("%q: %s", request, what)
		default:
		}
	})
}
