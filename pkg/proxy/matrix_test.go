package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// matrix is each protocol of clients with each of endpoints.
type matrix struct {
	k      *proxytest.Kit
	client http.RoundTripper
	scheme string
	// left gets a value when an endpoint sees that a request is given up.
	left chan struct{}
	// began gets a value when an endpoint sees one that waits.
	began chan struct{}
}

// eachPair calls test with each pair of protocols.
func eachPair(t *testing.T, test func(t *testing.T, m *matrix)) {
	for _, client := range []string{"h1", "h1 TLS", "h2 TLS", "h2c", "h3"} {
		for _, endpoint := range []string{"h1", "h1 TLS", "h2 TLS", "h2c"} {
			t.Run(client+" to "+endpoint, func(t *testing.T) { test(t, newMatrix(t, client, endpoint)) })
		}
	}
}

func newMatrix(t *testing.T, client, endpoint string) *matrix {
	t.Helper()
	m := &matrix{left: make(chan struct{}, 1), began: make(chan struct{}, 1), scheme: "http"}
	m.k = proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "h")}
	c.Listeners[1].TLS.Default = "ns/one"
	server := certificate(t, "ns/endpoint", "endpoint.example")
	if strings.HasPrefix(endpoint, "h2") {
		c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	}
	if strings.HasSuffix(endpoint, "TLS") {
		c.Upstreams[0].TLS = ir.UpstreamTLS{Enabled: true, ServerName: "endpoint.example", CAs: string(server.ChainPEM), Names: []string{"endpoint.example"}}
	}
	m.k.Serve(c)
	m.k.SetEndpoints(m.serve(t, endpoint, &server))
	dial := func(listener string) func(ctx context.Context) (net.Conn, error) {
		return func(ctx context.Context) (net.Conn, error) {
			return m.k.Network.Dial(ctx, m.k.Address(listener))
		}
	}
	if strings.HasSuffix(client, "TLS") || client == "h3" {
		m.scheme = "https"
	}
	switch client {
	case "h2 TLS":
		m.client = http2Client(t, m.k)
	case "h3":
		m.client = http3Client(t, m.k, m.k.HTTP3(ir.ListenerHTTPS))
	case "h2c":
		m.client = clearHTTP2(t, m.k)
	default:
		tr := &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				if strings.HasSuffix(address, ":443") {
					return dial(ir.ListenerHTTPS)(ctx)
				}
				return dial(ir.ListenerHTTP)(ctx)
			},
		}
		t.Cleanup(tr.CloseIdleConnections)
		m.client = tr
	}
	return m
}

// serve starts an endpoint that speaks that protocol, by the servers of net/http and x/net.
func (m *matrix) serve(t *testing.T, protocol string, cert *ir.Certificate) *proxytest.Endpoint {
	pair, err := tls.X509KeyPair(cert.ChainPEM, cert.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(m.handle)
	return m.k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		var conn net.Conn = &buffered{nc, r}
		version := "h1"
		if strings.HasPrefix(protocol, "h2") {
			version = "h2"
		}
		if strings.HasSuffix(protocol, "TLS") {
			next := map[string]string{"h1": "http/1.1", "h2": "h2"}[version]
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{next}})
			if secure.Handshake() != nil || secure.ConnectionState().NegotiatedProtocol != next {
				return
			}
			conn = secure
		}
		if version == "h2" {
			new(http2.Server).ServeConn(conn, &http2.ServeConnOpts{Handler: handler})
			return
		}
		one := &ownListener{nc: conn, closed: make(chan struct{})}
		(&http.Server{Handler: handler, ConnState: one.watch}).Serve(one)
	})
}

func (m *matrix) handle(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).EnableFullDuplex()
	switch r.URL.Path {
	case "/early":
		w.WriteHeader(413)
		return
	case "/abort":
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "/wait":
		m.began <- struct{}{}
		<-r.Context().Done()
		m.left <- struct{}{}
		return
	case "/talk":
		w.Header().Set("X-Talk", "1")
		http.NewResponseController(w).Flush()
		line := make([]byte, 4)
		for {
			if _, err := io.ReadFull(r.Body, line); err != nil {
				return
			}
			w.Write(bytes.ToUpper(line))
			http.NewResponseController(w).Flush()
		}
	}
	w.Header().Set("Link", "</a>")
	w.WriteHeader(103)
	w.Header().Set("Trailer", "X-Sum, X-Proto")
	// Without a length, as HTTP/1.1 has trailers only then.
	http.NewResponseController(w).Flush()
	n, err := io.Copy(w, r.Body)
	w.Header().Set("X-Sum", fmt.Sprint(n, err, r.Trailer.Get("X-Client"), r.Host, r.URL.RawQuery))
	w.Header().Set("X-Proto", r.Proto)
}

// ownListener is a listener with one connection.
type ownListener struct {
	nc     net.Conn
	given  bool
	closed chan struct{}
	once   sync.Once
}

func (o *ownListener) Accept() (net.Conn, error) {
	if !o.given {
		o.given = true
		return o.nc, nil
	}
	<-o.closed
	return nil, net.ErrClosed
}
func (o *ownListener) Close() error   { return nil }
func (o *ownListener) Addr() net.Addr { return o.nc.LocalAddr() }
func (o *ownListener) watch(_ net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		o.once.Do(func() { close(o.closed) })
	}
}

func (m *matrix) request(t *testing.T, ctx context.Context, method, path string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, m.scheme+"://h"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestMatrixBodiesAndTrailersGoBothWays(t *testing.T) {
	eachPair(t, func(t *testing.T, m *matrix) {
		for _, size := range []int{0, 5, 300 << 10} {
			hints := 0
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if code == 103 && h.Get("Link") == "</a>" {
					hints++
				}
				return nil
			}})
			want := bytes.Repeat([]byte("x"), size)
			req := m.request(t, ctx, http.MethodPost, "/?a=b", io.NopCloser(bytes.NewReader(want)))
			req.Header.Set("Te", "trailers")
			req.Trailer = http.Header{"X-Client": {"end"}}
			resp, err := m.client.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes and %v, want %d", len(got), err, size)
			}
			if sum := resp.Trailer.Get("X-Sum"); sum != fmt.Sprint(size, nil, "end", "h", "a=b") {
				t.Errorf("the endpoint saw %q", sum)
			}
			if hints != 1 {
				t.Errorf("got %d early hints", hints)
			}
		}
	})
}

func TestMatrixEarlyAnswersAndAborts(t *testing.T) {
	eachPair(t, func(t *testing.T, m *matrix) {
		// The client goes on sending when the answer is there.
		pr, pw := io.Pipe()
		go io.Copy(pw, strings.NewReader(strings.Repeat("x", 64<<10)))
		resp, err := m.client.RoundTrip(m.request(t, t.Context(), http.MethodPost, "/early", pr))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		pr.Close()
		if resp.StatusCode != 413 {
			t.Errorf("got %d", resp.StatusCode)
		}
		resp, err = m.client.RoundTrip(m.request(t, t.Context(), http.MethodGet, "/abort", nil))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil || string(got) != "half" {
			t.Errorf("a response that was cut off ends with %q and %v", got, err)
		}
	})
}

func TestMatrixTalksBothWaysAtOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, m *matrix) {
		pr, pw := io.Pipe()
		go io.WriteString(pw, "ping")
		resp, err := m.client.RoundTrip(m.request(t, t.Context(), http.MethodPost, "/talk", pr))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		line := make([]byte, 4)
		for i := range 10 {
			if i > 0 {
				if _, err := io.WriteString(pw, "ping"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.ReadFull(resp.Body, line); err != nil || string(line) != "PING" {
				t.Fatalf("turn %d: got %q and %v", i, line, err)
			}
		}
		pw.Close()
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
			t.Errorf("got %q and %v at the end", rest, err)
		}
	})
}

func TestMatrixAClientThatLeavesFreesTheEndpoint(t *testing.T) {
	for _, client := range []string{"h2 TLS", "h2c", "h3"} {
		for _, endpoint := range []string{"h1", "h1 TLS", "h2 TLS", "h2c"} {
			t.Run(client+" to "+endpoint, func(t *testing.T) {
				m := newMatrix(t, client, endpoint)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() {
					_, err := m.client.RoundTrip(m.request(t, ctx, http.MethodGet, "/wait", nil))
					done <- err
				}()
				<-m.began
				cancel()
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				<-m.left
			})
		}
	}
}
