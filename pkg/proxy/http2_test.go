package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// http2Client returns a client that speaks HTTP/2 over TLS with the proxy.
func http2Client(t *testing.T, k *proxytest.Kit) *http2.Transport {
	t.Helper()
	client := &http2.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialTLSContext: func(ctx context.Context, _, _ string, cfg *tls.Config) (net.Conn, error) {
			nc, err := k.Network.Dial(ctx, k.Address(ir.ListenerHTTPS))
			if err != nil {
				return nil, err
			}
			return tls.Client(nc, cfg), nil
		},
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestHTTP2(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	heads := make(chan string, 1)
	k.SetEndpoints(k.Repeats(heads, "HTTP/1.1 200 OK\r\n"+date+"X-A: 1\r\nX-A: 2\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok"))
	client := http2Client(t, k)
	req, err := http.NewRequest(http.MethodGet, "https://h/a/../b?c=d", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"X-Forwarded-For": {"1.2.3.4"}, "X_bad": {"x"}, "Cookie": {"a=1; b=2"}, "Te": {"trailers"}}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "ok" || resp.Proto != "HTTP/2.0" {
		t.Errorf("got %q, %v over %s", body, err, resp.Proto)
	}
	if got := resp.Header.Values("X-A"); len(got) != 2 || resp.Header.Get("X-Hop") != "" || resp.ContentLength != 2 {
		t.Errorf("got header %v", resp.Header)
	}
	head := <-heads
	// The client's field names are in lower case, and stay so.
	for _, want := range []string{
		"GET /b?c=d HTTP/1.1\r\nHost: h\r\n", "cookie: a=1; b=2\r\n", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Port: 443\r\n",
		"accept-encoding: gzip\r\n", "TE: trailers\r\nConnection: TE\r\n",
	} {
		if !strings.Contains(head, want) {
			t.Errorf("%q is missing in %q", want, head)
		}
	}
	for _, not := range []string{"1.2.3.4", "X_bad", "Transfer-Encoding"} {
		if strings.Contains(head, not) {
			t.Errorf("%q is in %q", not, head)
		}
	}
	if line := k.Log(1)[0]; line["protocol"] != "HTTP/2" || line["tls"] != "1.3" {
		t.Errorf("logged %v", line)
	}
}

func TestHTTP2BodiesAndTrailers(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			io.WriteString(nc, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"+date+"Transfer-Encoding: chunked\r\n\r\n")
			w := bufio.NewWriter(nc)
			for part := range chunksOf(body, 10000) {
				fmt.Fprintf(w, "%x\r\n", len(part))
				w.Write(part)
				io.WriteString(w, "\r\n")
			}
			io.WriteString(w, "0\r\nX-Sum: "+req.Trailer.Get("X-Sum")+"\r\n\r\n")
			w.Flush()
		}
	}))
	client := http2Client(t, k)
	for _, size := range []int{0, 1, 10000, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		hints := 0
		trace := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				if code == 103 && header.Get("Link") == "</a>" {
					hints++
				}
				return nil
			},
		})
		req, err := http.NewRequestWithContext(trace, http.MethodPost, "https://h/", io.NopCloser(bytes.NewReader(want)))
		if err != nil {
			t.Fatal(err)
		}
		req.Trailer = http.Header{"X-Sum": {"7"}}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes of %d came back, %v", len(got), size, err)
		}
		if resp.Trailer.Get("X-Sum") != "7" || hints != 1 {
			t.Errorf("got trailer %v, %d hints", resp.Trailer, hints)
		}
	}
}

func chunksOf(b []byte, size int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(size, len(b))
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

func TestHTTP2OwnAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		route   func(*ir.Route)
		reply   string
		request func(*http.Request)
		status  int
		// broken says that the response breaks off.
		broken bool
	}{
		"no route":     {route: func(r *ir.Route) { r.Match.Path.Value = "/other" }, status: 404},
		"a large body": {route: func(r *ir.Route) { r.MaxBodyBytes = 1 }, request: withBody("four"), status: 413},
		"a large body of no said length": {
			route: func(r *ir.Route) { r.MaxBodyBytes = 1 }, status: 413,
			request: func(r *http.Request) { withBody("four")(r); r.ContentLength = -1 },
		},
		"an endpoint that closes":       {reply: "", status: 502},
		"a response that breaks off":    {reply: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", status: 200, broken: true},
		"a chunked one that breaks off": {reply: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", status: 200, broken: true},
		"too many fields": {status: 431, request: func(r *http.Request) {
			for range 101 {
				r.Header.Add("A", "b")
			}
		}},
		"an Upgrade is nothing to HTTP/2": {reply: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", status: 502},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, c.route)
			k.SetEndpoints(k.Replies(nil, c.reply))
			if c.status == 413 {
				k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }))
			}
			client := http2Client(t, k)
			req, err := http.NewRequest(http.MethodPost, "https://h/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.request != nil {
				c.request(req)
			}
			resp, err := client.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			_, err = io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || (err != nil) != c.broken {
				t.Errorf("got %d, %v", resp.StatusCode, err)
			}
		})
	}
}

func withBody(body string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}

func TestHTTP2ClientThatLeavesFreesTheEndpoint(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	arrived, left := make(chan struct{}), make(chan struct{})
	k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) {
		proxytest.ReadHead(r)
		close(arrived)
		io.Copy(io.Discard, r)
		close(left)
	}))
	client := http2Client(t, k)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://h/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RoundTrip(req); err == nil {
		t.Error("there is a response")
	}
	<-left
}

func TestHTTP2Drains(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	release := make(chan struct{})
	arrived := make(chan struct{})
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		proxytest.ReadHead(r)
		close(arrived)
		<-release
		io.WriteString(nc, okResponse)
	}))
	client := http2Client(t, k)
	answered := make(chan error, 1)
	go func() { answered <- ask(client, http.MethodGet, "https://h/", "") }()
	<-arrived
	ended := make(chan error, 1)
	go func() { ended <- k.Proxy.Shutdown(t.Context()) }()
	close(release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestPreparedDrainMovesHTTP2ClientsAway(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	client := http2Client(t, k)
	var dials int
	trace := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if !info.Reused {
				dials++
			}
		},
	})
	for i := range 3 {
		if i == 1 {
			k.Proxy.PrepareDrain()
		}
		req, err := http.NewRequestWithContext(trace, http.MethodGet, "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
			t.Errorf("request %d: %d, %v", i, resp.StatusCode, err)
		}
		resp.Body.Close()
	}
	if dials != 2 {
		t.Errorf("%d connections were made", dials)
	}
}

func TestHTTP2ExchangesEndWithTheirConnection(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	arrived := make(chan struct{}, 8)
	k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) {
		proxytest.ReadHead(r)
		arrived <- struct{}{}
		io.Copy(io.Discard, r)
	}))
	client := http2Client(t, k)
	answered := make(chan error, 4)
	for range cap(answered) {
		go func() { answered <- ask(client, http.MethodGet, "https://h/", "") }()
		<-arrived
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Proxy.Shutdown(ctx); err == nil {
		t.Error("nothing was cut off")
	}
	if n := k.Registry.Dump()[0].Endpoints[0].InFlight; n != 0 {
		t.Errorf("%d tries go on", n)
	}
	for range cap(answered) {
		if err := <-answered; err == nil {
			t.Error("a request was answered")
		}
	}
	if lines := k.Log(4); len(lines) != 4 || lines[0]["reason"] != "client_closed" {
		t.Errorf("logged %v", lines)
	}
}

func TestHTTP2StreamsAreBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, func(r *ir.Route) { r.Timeouts.BackendRequest = 5 * time.Second })
		k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }))
		client := http2Client(t, k)
		req, err := http.NewRequest(http.MethodGet, "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if took := time.Since(began); resp.StatusCode != 504 || took != 5*time.Second {
			t.Errorf("got %d after %v", resp.StatusCode, took)
		}
		client.CloseIdleConnections()
		synctest.Wait()
	})
}
