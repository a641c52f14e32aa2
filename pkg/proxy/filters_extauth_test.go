package proxy_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// external describes a filter that asks the upstream "auth".
func external(change func(a *ir.ExternalAuth)) *ir.ExternalAuth {
	a := &ir.ExternalAuth{
		Upstream: "auth", Timeout: 10 * time.Second, FailStatus: 503, Method: "GET", Path: "/check", AllHeaders: true,
		ToEndpoint: []string{"x-user"}, ToClient: []string{"set-cookie"}, Principal: "x-user",
	}
	change(a)
	return a
}

// askedBy serves a route whose filter asks endpoints with these replies, one after another.
func askedBy(t *testing.T, a ir.Filter, replies ...string) (k *proxytest.Kit, asked, served chan string) {
	k = proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "auth", Endpoints: "auth", MaxIdlePerEndpoint: 1})
	r.Filters = []ir.Filter{a}
	k.Serve(c)
	asked, served = make(chan string, 8), make(chan string, 8)
	k.SetEndpoints(k.Repeats(served, okResponse))
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "auth", Endpoints: []ir.Endpoint{{Address: k.Replies(asked, replies...).Address}}})
	return k, asked, served
}

func TestAnUpstreamIsAskedWhoMayPass(t *testing.T) {
	k, asked, served := askedBy(t, external(func(*ir.ExternalAuth) {}),
		"HTTP/1.1 200 OK\r\nX-User: alice\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 302 Found\r\nLocation: /in\r\nContent-Length: 0\r\n\r\n")
	answer := k.Send("GET /a HTTP/1.1\r\nHost: h\r\nX-User: root\r\nCookie: c=1\r\n\r\n")
	if question := <-asked; !strings.HasPrefix(question, "GET /check HTTP/1.1\r\n") || !strings.Contains(question, "Cookie: c=1\r\n") {
		t.Errorf("it asked %q", question)
	}
	if head := <-served; strings.Count(head, "X-User: ") != 1 || !strings.Contains(head, "X-User: alice\r\n") {
		t.Errorf("the endpoint got %q", head)
	}
	if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !strings.Contains(answer, "Set-Cookie: a=1\r\n") {
		t.Errorf("the client got %q", answer)
	}
	if who := k.Log(1)[0]["principal"]; who != "alice" {
		t.Errorf("logged %v", who)
	}
	// The connection is used again.
	if answer := k.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 302 Found\r\nLocation: /in\r\n") {
		t.Errorf("the client got %q", answer)
	}
	if len(served) != 0 {
		t.Error("the endpoint got a request that was refused")
	}
}

func TestWithoutAnAnswerNobodyPasses(t *testing.T) {
	for name, reply := range map[string]string{
		"an error": "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "no HTTP": "hello\r\n\r\n", "a part": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		"too much": "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat("a", 70000),
	} {
		t.Run(name, func(t *testing.T) {
			k, _, served := askedBy(t, external(func(a *ir.ExternalAuth) { a.Timeout = 200 * time.Millisecond }), reply)
			if answer := k.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 503 ") || len(served) != 0 {
				t.Errorf("got %q", answer)
			}
			if reason := k.Log(1)[0]["reason"]; reason != "auth_unavailable" {
				t.Errorf("logged %v", reason)
			}
		})
	}
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	r.Filters = []ir.Filter{external(func(a *ir.ExternalAuth) { a.Upstream = "missing" })}
	k.Serve(c)
	if answer := k.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 500 ") {
		t.Errorf("without an upstream: got %q", answer)
	}
}

// TestAnUpstreamIsAskedByGRPC asks a server of HTTP/2 that is not ours.
func TestAnUpstreamIsAskedByGRPC(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "auth", Endpoints: "auth", MaxIdlePerEndpoint: 1, Protocol: ir.UpstreamHTTP2})
	r.Filters = []ir.Filter{external(func(a *ir.ExternalAuth) { a.Protocol = ir.AuthGRPC })}
	k.Serve(c)
	served := make(chan string, 2)
	k.SetEndpoints(k.Repeats(served, okResponse))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.ProtoMajor != 2 || r.URL.Path != "/envoy.service.auth.v3.Authorization/Check" || r.Header.Get("Te") != "trailers" ||
			len(body) < 5 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-5 {
			t.Errorf("it asked %s %s with %d bytes", r.Proto, r.URL, len(body))
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		message := ""
		if strings.Contains(string(body), "/no") {
			message = "\x0a\x02\x08\x07" // status: PERMISSION_DENIED
		}
		_, _ = w.Write(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...))
		w.Header().Set("Grpc-Status", "0")
	})
	e := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		new(http2.Server).ServeConn(&buffered{nc, r}, &http2.ServeConnOpts{Handler: handler})
	})
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "auth", Endpoints: []ir.Endpoint{{Address: e.Address}}})
	if answer := k.Send("GET /yes HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 200 ") || len(served) != 1 {
		t.Errorf("got %q", answer)
	}
	if answer := k.Send("GET /no HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 403 ") || len(served) != 1 {
		t.Errorf("got %q", answer)
	}
}
