package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// startConnect starts a proxy whose hosts all have a route for CONNECT beside the other one.
func startConnect(t *testing.T, o proxytest.Options, change func(*ir.Config, *ir.Route)) *proxytest.Kit {
	t.Helper()
	k := proxytest.Start(t, o)
	c, r := proxytest.Config()
	asks := *r
	asks.ID, asks.Connect, asks.Match.Method = "test/connect", true, "CONNECT"
	asks.Timeouts.TunnelIdle = time.Minute
	if change != nil {
		change(c, &asks)
	}
	host := &c.RouteSets[0].Hosts[0]
	host.Routes = []ir.Route{asks, *r}
	k.Serve(c)
	return k
}

const connectHead = "CONNECT other.example:22 HTTP/1.1\r\nHost: other.example:22\r\n\r\n"

func TestConnectIsATunnelToTheRoutesEndpoint(t *testing.T) {
	random := make([]byte, 3<<20)
	rand.Read(random)
	for name, c := range map[string]struct {
		network proxytest.Network
		version string
		sent    []byte
		piece   int
	}{
		"over HTTP/1.1 in memory":   {new(proxytest.Memory), "HTTP/1.1", random, 1 << 20},
		"over HTTP/1.1 on loopback": {proxytest.Loopback{}, "HTTP/1.1", random, 100_000},
		"over HTTP/1.1 by bytes":    {new(proxytest.Memory), "HTTP/1.1", random[:2000], 1},
		"over HTTP/2 in memory":     {new(proxytest.Memory), "HTTP/2", random, 1 << 20},
		"over HTTP/2 on loopback":   {proxytest.Loopback{}, "HTTP/2", random, 100_000},
		"over HTTP/2 by bytes":      {new(proxytest.Memory), "HTTP/2", random[:2000], 1},
		"over HTTP/3 in memory":     {new(proxytest.Memory), "HTTP/3", random, 1 << 20},
		"over HTTP/3 on loopback":   {proxytest.Loopback{}, "HTTP/3", random, 100_000},
		"over HTTP/3 by bytes":      {new(proxytest.Memory), "HTTP/3", random[:2000], 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := startConnect(t, proxytest.Options{Network: c.network}, nil)
			// The endpoint speaks first, sees nothing of the request, and sends all back only once the client
			// has closed its half.
			e := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				io.WriteString(nc, "hello")
				all, _ := io.ReadAll(r)
				for part := range chunksOf(all, c.piece) {
					nc.Write(part)
				}
			})
			k.SetEndpoints(e)
			var from io.Reader
			var to io.WriteCloser
			early := "early"
			switch c.version {
			case "HTTP/1.1":
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, connectHead+early)
				r := bufio.NewReader(nc)
				if head, err := proxytest.ReadHead(r); err != nil || tidy(head) != "HTTP/1.1 200 OK\nDate: NOW\n\n" {
					t.Fatalf("got %q, %v", head, err)
				}
				from, to = r, halfCloser{nc}
			case "HTTP/2":
				var resp *http.Response
				resp, to = connectPlainly(t, k)
				if resp.StatusCode != 200 || resp.ContentLength != -1 {
					t.Fatalf("got %v", resp)
				}
				from, early = resp.Body, ""
			case "HTTP/3":
				resp, stream := connectHTTP3(t, k, "")
				if resp.StatusCode != 200 || len(resp.Header["Content-Length"]) > 0 {
					t.Fatalf("got %v", resp)
				}
				from, to, early = stream, stream, ""
			}
			go func() {
				for part := range chunksOf(c.sent, c.piece) {
					to.Write(part)
				}
				to.Close()
			}()
			got, err := io.ReadAll(from)
			if want := append([]byte("hello"+early), c.sent...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back, not %d, or others, %v", len(got), len(want), err)
			}
			line := k.Log(1)[0]
			if line["bytesIn"] != float64(len(c.sent)+len(early)) || line["bytesOut"] != float64(len(c.sent)+len(early)+5) || line["reason"] != nil ||
				line["status"] != 200.0 || line["method"] != "CONNECT" || line["host"] != "other.example" || line["route"] != "test/connect" ||
				line["endpoint"] != e.Address.String() || line["protocol"] != c.version {
				t.Errorf("logged %v", line)
			}
		})
	}
}

// halfCloser closes one half.
type halfCloser struct{ net.Conn }

func (h halfCloser) Close() error { return h.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// connectHTTP3 opens a CONNECT over HTTP/3: an extended one to a path with a protocol.
func connectHTTP3(t *testing.T, k *proxytest.Kit, protocol string) (*http.Response, *http3.RequestStream) {
	t.Helper()
	client := http3Client(t, k, k.HTTP3(ir.ListenerHTTPS))
	conn, err := client.Dial(t.Context(), "", client.TLSClientConfig, nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.NewClientConn(conn).OpenRequestStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodConnect, "https://other.example:22", nil)
	if err != nil {
		t.Fatal(err)
	}
	if protocol != "" {
		req.Proto, req.URL.Path = protocol, "/t"
	}
	if err := stream.SendRequestHeader(req); err != nil {
		t.Fatal(err)
	}
	resp, err := stream.ReadResponse()
	if err != nil {
		t.Fatal(err)
	}
	return resp, stream
}

// connectPlainly opens a CONNECT over HTTP/2.
func connectPlainly(t *testing.T, k *proxytest.Kit) (*http.Response, io.WriteCloser) {
	t.Helper()
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, "https://other.example:22", r)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http2Client(t, k).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp, w
}

func TestConnectIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*ir.Config, *ir.Route)
		request  string
		endpoint bool
		want     string
	}{
		"where the host has no such route": {
			func(_ *ir.Config, r *ir.Route) { r.Connect, r.Match.Method = false, "" }, connectHead, true, "501 connect_not_supported",
		},
		"where a route has the method alone": {func(_ *ir.Config, r *ir.Route) { r.Connect = false }, connectHead, true, "501 connect_not_supported"},
		"where a header is missing": {
			func(_ *ir.Config, r *ir.Route) {
				r.Match.Headers = []ir.ValueMatch{{Name: "x-a", Kind: ir.ValuePresent}}
			},
			connectHead, true, "501 connect_not_supported",
		},
		"without an endpoint": {nil, connectHead, false, "503 no_endpoint"},
		"by the route": {
			func(_ *ir.Config, r *ir.Route) { r.Action = &ir.Respond{Status: 403} }, connectHead, true, "403 route_answer",
		},
		"where the host is none": {nil, "CONNECT a..b:22 HTTP/1.1\r\nHost: a..b:22\r\n\r\n", true, "400 bad_host"},
	} {
		t.Run(name, func(t *testing.T) {
			k := startConnect(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, c.change)
			e := k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) })
			if c.endpoint {
				k.SetEndpoints(e)
			}
			nc := k.Dial(ir.ListenerHTTP)
			// What follows may be meant for the tunnel: it must not be taken for a request.
			io.WriteString(nc, c.request+"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			all, err := io.ReadAll(nc)
			got := string(all)
			status, reason, _ := strings.Cut(c.want, " ")
			if err != nil || strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 "+status) ||
				!strings.Contains(got, "X-Sluice-Reason: "+reason+"\r\n") || !strings.Contains(got, "Connection: close\r\n") {
				t.Errorf("got %q, %v", got, err)
			}
			if e.Accepted() != 0 {
				t.Error("the endpoint was connected to")
			}
		})
	}
}

func TestOtherMethodsPassTheRouteForConnect(t *testing.T) {
	k := startConnect(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Replies(nil, okResponse))
	if got := k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.HasSuffix(got, "ok") {
		t.Errorf("got %q", got)
	}
	if line := k.Log(1)[0]; line["route"] != "test/all" {
		t.Errorf("logged %v", line)
	}
}

func TestConnectTriesAnotherEndpoint(t *testing.T) {
	k := startConnect(t, proxytest.Options{}, nil)
	echo := func(nc net.Conn, r *bufio.Reader) { io.Copy(nc, r) }
	gone, there := k.Endpoint(echo), k.Endpoint(echo)
	gone.Stop()
	k.SetEndpoints(gone, there)
	for range 4 {
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, connectHead+"x")
		r := bufio.NewReader(nc)
		head, err := proxytest.ReadHead(r)
		if c, _ := r.ReadByte(); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") || c != 'x' {
			t.Errorf("got %q and %q, %v", head, c, err)
		}
		nc.Close()
	}
}

func TestAConnectOfAnHTTP2EndpointIsATunnelOfItsOwn(t *testing.T) {
	k := startConnect(t, proxytest.Options{}, func(c *ir.Config, _ *ir.Route) { c.Upstreams[0].Protocol = ir.UpstreamHTTP2 })
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) { io.Copy(nc, r) }))
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, connectHead+"bytes")
	nc.(interface{ CloseWrite() error }).CloseWrite()
	if got, err := io.ReadAll(nc); err != nil || !strings.HasSuffix(string(got), "\r\n\r\nbytes") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTunnelsOfConnectEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := startConnect(t, proxytest.Options{}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) { io.Copy(nc, r) }))
		open := func() (net.Conn, *bufio.Reader) {
			nc := k.Dial(ir.ListenerHTTP)
			io.WriteString(nc, connectHead)
			r := bufio.NewReader(nc)
			if _, err := proxytest.ReadHead(r); err != nil {
				t.Fatal(err)
			}
			return nc, r
		}
		_, r := open()
		began := time.Now()
		if _, err := r.ReadByte(); !errors.Is(err, io.EOF) || time.Since(began) < time.Minute || time.Since(began) > 70*time.Second {
			t.Errorf("a silent one ended with %v after %v", err, time.Since(began))
		}
		if line := k.Log(1)[0]; line["reason"] != "tunnel_timeout" {
			t.Errorf("logged %v", line)
		}
		nc, r := open()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- k.Proxy.Shutdown(ctx) }()
		time.Sleep(20 * time.Second)
		io.WriteString(nc, "x")
		if c, err := r.ReadByte(); c != 'x' || err != nil {
			t.Errorf("while draining: %q, %v", c, err)
		}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "1 connections were cut off") {
			t.Errorf("Shutdown returns %v", err)
		}
	})
}

func TestARequestWithoutAHostNamesTheEndpoint(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	k.Serve(c)
	heads := make(chan string, 1)
	e := k.Replies(heads, okResponse)
	k.SetEndpoints(e)
	got := k.Send("GET / HTTP/1.0\r\n\r\n")
	head := <-heads
	if !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.Contains(head, "\r\nHost: "+e.Address.String()+"\r\n") || strings.Contains(head, "X-Forwarded-Host") {
		t.Errorf("got %q, and the endpoint %q", got, head)
	}
	if line := k.Log(1)[0]; line["host"] != nil && line["host"] != "" {
		t.Errorf("logged %v", line)
	}
}

func TestConnectOfAStreamIsRefused(t *testing.T) {
	for version, open := range map[string]func(*testing.T, *proxytest.Kit) *http.Response{
		"HTTP/2": func(t *testing.T, k *proxytest.Kit) *http.Response {
			resp, to := connectPlainly(t, k)
			to.Close()
			return resp
		},
		"HTTP/3": func(t *testing.T, k *proxytest.Kit) *http.Response {
			resp, stream := connectHTTP3(t, k, "")
			stream.Close()
			return resp
		},
	} {
		t.Run(version, func(t *testing.T) {
			k := startConnect(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, func(_ *ir.Config, r *ir.Route) {
				r.Connect, r.Match.Method = false, ""
			})
			e := k.Replies(nil, okResponse)
			k.SetEndpoints(e)
			resp := open(t, k)
			if got := resp.Header.Get("X-Sluice-Reason"); resp.StatusCode != 501 || got != "connect_not_supported" || e.Accepted() != 0 {
				t.Errorf("got %v, and the endpoint %d connections", resp, e.Accepted())
			}
		})
	}
}
