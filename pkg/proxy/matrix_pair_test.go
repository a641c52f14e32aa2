package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

var (
	clientProtocols   = []string{"h1", "h1 TLS", "h2 TLS", "h2c", "h3"}
	endpointProtocols = []string{"h1", "h1 TLS", "h2 TLS", "h2c"}
)

// matrixRow is one behaviour, which is the same whatever the client and the endpoint speak.
type matrixRow struct {
	// change changes what is served, options how.
	change  func(c *ir.Config, r *ir.Route)
	options func(o *proxytest.Options)
	// clients and endpoints say where the row makes sense; nil means everywhere.
	clients, endpoints func(protocol string) bool
	// instances is how many endpoints there are, if not one.
	instances int
	// serve is what an endpoint does with a request.
	serve func(m *pairing, s *arrival)
	// play is the client.
	play func(m *pairing)
	// timed says that the row waits for times that only a clock of its own makes short.
	timed bool
}

// pairing is a client and endpoints that a row runs on.
type pairing struct {
	*testing.T
	k      *proxytest.Kit
	client http.RoundTripper
	// speaks is what the client speaks, version how HTTP calls it.
	speaks, endpoint string
	scheme           string
	endpoints        []*proxytest.Endpoint
	requests         atomic.Int64
	// told is what endpoints report.
	told chan string
	// proceed is what they wait for.
	proceed chan struct{}
	row     *matrixRow
	bubble  bool
}

// matrixCertificates are valid in this time and in that of synctest, which begins in 2000.
var matrixCertificates = sync.OnceValue(func() [2]ir.Certificate {
	from, until := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	var both [2]ir.Certificate
	for i, name := range []string{"ns/one", "ns/endpoint"} {
		made, err := makeCertificate(name, from, until, []string{"h", "endpoint.example"}[i])
		if err != nil {
			panic(err)
		}
		both[i] = made
	}
	return both
})

// tell is for endpoints.
func (m *pairing) tell(format string, args ...any) { m.told <- fmt.Sprintf(format, args...) }

// wants compares what an endpoint reports next.
func (m *pairing) wants(want string) {
	m.Helper()
	if got := <-m.told; got != want {
		m.Errorf("the endpoint reports %q, want %q", got, want)
	}
}

// used says how many connections the first endpoint was asked over, where a response that has come means that
// its connection is free: elsewhere the next request may be faster.
func (m *pairing) used(want int) {
	m.Helper()
	if got := m.endpoints[0].Accepted(); got != want && m.bubble {
		m.Errorf("%d connections were used, not %d", got, want)
	}
}

// settle waits until nothing moves, where that can be known.
func (m *pairing) settle() {
	if m.bubble {
		synctest.Wait()
	}
}

func newPair(t *testing.T, client, endpoint string, row *matrixRow, bubble bool) *pairing {
	m := &pairing{
		T: t, speaks: client, endpoint: endpoint, scheme: "http",
		told: make(chan string, 256), proceed: make(chan struct{}), row: row, bubble: bubble,
	}
	o := proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}
	if !bubble {
		o.Network = proxytest.Loopback{}
	}
	if row.options != nil {
		row.options(&o)
	}
	m.k = proxytest.Start(t, o)
	both := matrixCertificates()
	c, r := proxytest.Config()
	c.Certificates = both[:1]
	c.Listeners[1].TLS.Default = both[0].Name
	if strings.HasPrefix(endpoint, "h2") {
		c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	}
	if strings.HasSuffix(endpoint, "TLS") {
		c.Upstreams[0].TLS = ir.UpstreamTLS{
			Enabled: true, ServerName: "endpoint.example", CAs: string(both[1].ChainPEM), Names: []string{"endpoint.example"},
		}
	}
	if row.change != nil {
		row.change(c, r)
	}
	m.k.Serve(c)
	for i := range max(row.instances, 1) {
		m.endpoints = append(m.endpoints, m.serveEndpoint(i))
	}
	m.k.SetEndpoints(m.endpoints...)
	m.client = m.newClient()
	return m
}

// newClient makes a client with connections of its own.
func (m *pairing) newClient() http.RoundTripper {
	if strings.HasSuffix(m.speaks, "TLS") || m.speaks == "h3" {
		m.scheme = "https"
	}
	switch m.speaks {
	case "h2 TLS":
		return http2Client(m.T, m.k)
	case "h2c":
		return clearHTTP2(m.T, m.k)
	case "h3":
		return http3Client(m.T, m.k, m.k.HTTP3(ir.ListenerHTTPS))
	}
	tr := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true, ExpectContinueTimeout: time.Hour,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if m.scheme == "https" {
				return m.k.Network.Dial(ctx, m.k.Address(ir.ListenerHTTPS))
			}
			return m.k.Network.Dial(ctx, m.k.Address(ir.ListenerHTTP))
		},
	}
	m.Cleanup(tr.CloseIdleConnections)
	return tr
}

// dial opens a connection for bytes of HTTP/1.1.
func (m *pairing) dial() net.Conn {
	if m.scheme == "https" {
		return m.k.DialTLS(ir.ListenerHTTPS, "h", "http/1.1")
	}
	return m.k.Dial(ir.ListenerHTTP)
}

// tunnel opens a tunnel by an upgrade: what is read and written goes through it, and closing ends what is sent.
func (m *pairing) tunnel(protocol, path string) (io.Reader, io.WriteCloser) {
	m.Helper()
	switch client := m.client.(type) {
	case *http2.Transport:
		resp, w := connect(m.Context(), m.T, client, m.scheme+"://h"+path, protocol)
		if resp.StatusCode != 200 {
			m.Fatalf("got %v", resp)
		}
		return resp.Body, w
	case *http3.Transport:
		conn, err := client.Dial(m.Context(), "", client.TLSClientConfig, nil)
		if err != nil {
			m.Fatal(err)
		}
		stream, err := client.NewClientConn(conn).OpenRequestStream(m.Context())
		if err != nil {
			m.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodConnect, "https://h"+path, nil)
		if err != nil {
			m.Fatal(err)
		}
		req.Proto = protocol
		req.Header.Set("Sec-Websocket-Version", "13")
		if err := stream.SendRequestHeader(req); err != nil {
			m.Fatal(err)
		}
		if resp, err := stream.ReadResponse(); err != nil || resp.StatusCode != 200 {
			m.Fatalf("got %v, %v", resp, err)
		}
		return stream, stream
	}
	nc := m.dial()
	_, err := fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, protocol)
	if err != nil {
		m.Fatal(err)
	}
	r := bufio.NewReader(nc)
	head, err := proxytest.ReadHead(r)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") {
		m.Fatalf("got %q, %v", head, err)
	}
	return r, writeHalf{nc}
}

// writeHalf closes the writing half of a connection.
type writeHalf struct{ net.Conn }

func (h writeHalf) Close() error { return h.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func (m *pairing) serveEndpoint(number int) *proxytest.Endpoint {
	both := matrixCertificates()
	keys, err := tls.X509KeyPair(both[1].ChainPEM, both[1].KeyPEM)
	if err != nil {
		m.Fatal(err)
	}
	next := func() *arrival { return &arrival{n: int(m.requests.Add(1)), endpoint: number} }
	serve := func(s *arrival) { m.row.serve(m, s) }
	return m.k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		protocol, run := "http/1.1", serveOne
		if strings.HasPrefix(m.endpoint, "h2") {
			protocol, run = "h2", serveTwo
		}
		if strings.HasSuffix(m.endpoint, "TLS") {
			secure, err := secured(&buffered{nc, r}, keys, protocol)
			if err != nil {
				return
			}
			defer secure.Close()
			nc, r = secure, bufio.NewReader(secure)
		}
		run(nc, r, handler{next, serve, m.Errorf})
	})
}

// asked is a request of a client.
type asked struct {
	method, path, host string
	header             http.Header
	body               io.Reader
	length             int64
	trailer            http.Header
	ctx                context.Context
}

// outcome is what a client got.
type outcome struct {
	*http.Response
	body string
	// hints are the informational responses, err is why there is none or why it broke off.
	hints []string
	err   error
}

// begin sends a request and returns once the head of the response has come. Its body is the caller's.
func (m *pairing) begin(s asked) outcome {
	m.Helper()
	if s.method == "" {
		s.method = http.MethodGet
	}
	if s.host == "" {
		s.host = "h"
	}
	if s.ctx == nil {
		s.ctx = m.Context()
	}
	var g outcome
	var mu sync.Mutex // The trace may be called when the response is there.
	ctx := httptrace.WithClientTrace(s.ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			mu.Lock()
			defer mu.Unlock()
			g.hints = append(g.hints, fmt.Sprint(code, " ", h.Get("Link")))
			return nil
		},
	})
	req, err := http.NewRequestWithContext(ctx, s.method, m.scheme+"://"+s.host+"/"+strings.TrimPrefix(s.path, "/"), s.body)
	if err != nil {
		m.Fatal(err)
	}
	if s.path == "*" {
		req.URL.Path, req.URL.Opaque = "", "*"
	}
	req.Header, req.Trailer = s.header, s.trailer
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	if s.body != nil {
		req.ContentLength = s.length
	}
	resp, err := m.client.RoundTrip(req)
	mu.Lock()
	defer mu.Unlock()
	return outcome{Response: resp, hints: slices.Clone(g.hints), err: err}
}

// ask sends a request and reads all of the response.
func (m *pairing) ask(s asked) outcome {
	m.Helper()
	g := m.begin(s)
	if g.err != nil {
		return g
	}
	return g.rest()
}

// rest reads the rest of the response.
func (g outcome) rest() outcome {
	b, err := io.ReadAll(g.Response.Body)
	g.Response.Body.Close()
	g.body, g.err = string(b), err
	return g
}

// is checks a whole response.
func (m *pairing) is(g outcome, status int, body string) {
	m.Helper()
	switch {
	case g.err != nil:
		m.Fatalf("it ends with %v", g.err)
	case g.StatusCode != status, g.body != body:
		m.Errorf("got %d %.200q %v, want %d %.200q", g.StatusCode, g.body, g.Header, status, body)
	}
}

// refused checks an answer of the proxy's own.
func (m *pairing) refused(g outcome, status int, reason string) {
	m.Helper()
	switch {
	case g.Response == nil:
		m.Fatalf("it ends with %v", g.err)
	case g.StatusCode != status, g.Header.Get("X-Sluice-Reason") != reason:
		m.Errorf("got %d %v, want %d %s", g.StatusCode, g.Header, status, reason)
	}
}

// run runs a row on all pairs that it is for.
func (r *matrixRow) run(t *testing.T, bubble bool, wanted func(client, endpoint string) bool) {
	for _, client := range clientProtocols {
		for _, endpoint := range endpointProtocols {
			if r.clients != nil && !r.clients(client) || r.endpoints != nil && !r.endpoints(endpoint) || !wanted(client, endpoint) {
				continue
			}
			t.Run(client+" to "+endpoint, func(t *testing.T) {
				if !bubble {
					r.play(newPair(t, client, endpoint, r, false))
					return
				}
				synctest.Test(t, func(t *testing.T) { r.play(newPair(t, client, endpoint, r, true)) })
			})
		}
	}
}

// TestMatrix runs each row on each pair of protocols, in memory and with a clock of its own.
func TestMatrix(t *testing.T) {
	matrixCertificates()
	for name, row := range matrixRows {
		t.Run(name, func(t *testing.T) {
			row.run(t, true, func(string, string) bool { return true })
		})
	}
}

// TestMatrixOnSockets runs the rows on loopback with TCP, TLS and QUIC, each protocol of either side at least once.
func TestMatrixOnSockets(t *testing.T) {
	pairs := map[string]bool{
		"h1 to h1": true, "h1 TLS to h2 TLS": true, "h2 TLS to h1 TLS": true, "h2c to h2c": true, "h3 to h1": true, "h3 to h2 TLS": true,
	}
	for name, row := range matrixRows {
		if row.timed {
			continue
		}
		t.Run(name, func(t *testing.T) {
			row.run(t, false, func(client, endpoint string) bool { return pairs[client+" to "+endpoint] })
		})
	}
}

func isHTTP1(protocol string) bool     { return strings.HasPrefix(protocol, "h1") }
func isMultiplexed(client string) bool { return !isHTTP1(client) }
