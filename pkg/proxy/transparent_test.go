package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
	"github.com/sluice-dev/sluice/pkg/report"
)

// stream is one to the upstream "app".
func stream(host string, terminate bool) ir.Stream {
	return ir.Stream{
		ID: "stream/" + host, Origin: report.Origin{Kind: "TCPRoute", Namespace: "ns", Name: "s"}, Host: host, Terminate: terminate,
		Backends: []ir.WeightedUpstream{{Upstream: "app", Weight: 1}},
	}
}

// streamConfig is proxytest.Config with a listener "tcp" that has one stream, and one
// "tls" that has those given.
func streamConfig(streams ...ir.Stream) *ir.Config {
	c, _ := proxytest.Config()
	c.Listeners = append(c.Listeners,
		ir.Listener{Name: "tcp", Protocol: ir.TCP, Streams: []ir.Stream{stream("", false)}},
		ir.Listener{Name: "tls", Protocol: ir.TLS, Streams: streams})
	c.Listeners[2].Streams[0].ID = "tcp"
	return c
}

// hashAndEcho sends everything back once the client has closed its half, after a hash of it.
func hashAndEcho(nc net.Conn, r *bufio.Reader) {
	all, err := io.ReadAll(r)
	if err != nil {
		return
	}
	sum := sha256.Sum256(all)
	nc.Write(sum[:])
	nc.Write(all)
}

// exchangeRandom sends random bytes, some of them one by one, and wants them back.
func exchangeRandom(t *testing.T, nc net.Conn, size int) {
	t.Helper()
	random := make([]byte, size)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	go func() {
		for i := range 100 {
			nc.Write(random[i : i+1])
		}
		nc.Write(random[100:])
		nc.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(random)
	if want := append(sum[:], random...); !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, not %d, or others", len(got), len(want))
	}
}

func TestStreamsAreTransparent(t *testing.T) {
	for name, network := range map[string]proxytest.Network{"in memory": new(proxytest.Memory), "on loopback": proxytest.Loopback{}} {
		t.Run(name, func(t *testing.T) {
			const size = 3 << 20
			k := proxytest.Start(t, proxytest.Options{Network: network})
			k.Serve(streamConfig())
			k.SetEndpoints(k.Endpoint(hashAndEcho))
			exchangeRandom(t, k.Dial("tcp"), size)
			line := k.Log(1)[0]
			if line["bytesIn"] != float64(size) || line["bytesOut"] != float64(size+sha256.Size) || line["reason"] != nil ||
				line["protocol"] != "TCP" || line["route"] != "tcp" || line["upstream"] != "app" || line["endpoint"] == nil || line["origin"] != "TCPRoute/ns/s" {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestStreamsOutliveTables(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	k.Serve(streamConfig())
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) { io.Copy(nc, r) }))
	nc := k.Dial("tcp")
	for i := range 20 {
		io.WriteString(nc, "x")
		var got [1]byte
		if _, err := io.ReadFull(nc, got[:]); err != nil || got[0] != 'x' {
			t.Fatalf("table %d: got %q, %v", i, got, err)
		}
		c, _ := proxytest.Config() // without the stream
		if i%2 == 0 {
			c = streamConfig()
			k.SetEndpoints()
		}
		k.Serve(c)
	}
}

func TestStreamsByServerName(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c := streamConfig(stream("ended.example", true), stream("passed.example", false))
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "ended.example", "http.example")}
	c.Listeners[3].TLS.Bindings = []ir.TLSBinding{{Host: "ended.example", Certificates: []string{"ns/one"}}}
	shared := c.Listeners[3]
	shared.Name, shared.Protocol = "shared", ir.HTTPS
	shared.Streams = []ir.Stream{stream("passed.example", false)}
	shared.Streams[0].ID = "shared"
	shared.Scopes = []ir.Scope{{Host: "http.example", RouteSet: "all"}}
	c.Listeners = append(c.Listeners, shared)
	k.Serve(c)
	inside, err := tls.X509KeyPair(c.Certificates[0].ChainPEM, c.Certificates[0].KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	clear := k.Endpoint(hashAndEcho)
	secure := k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		tc := tls.Server(&oneConn{Conn: nc, r: r, done: make(chan struct{})}, &tls.Config{Certificates: []tls.Certificate{inside}, NextProtos: []string{"own"}})
		if tc.Handshake() == nil {
			hashAndEcho(tc, bufio.NewReader(tc))
			tc.Close()
		}
	})
	for name, c := range map[string]struct {
		listener, serverName string
		endpoint             *proxytest.Endpoint
		protocol             string
	}{
		"what is passed on is TLS with the endpoint":             {"tls", "passed.example", secure, "own"},
		"so it is in other letters":                              {"tls", "Passed.Example", secure, "own"},
		"what ends here is clear text to the endpoint":           {"tls", "ended.example", clear, ""},
		"what is passed on beside HTTP is TLS with the endpoint": {"shared", "passed.example", secure, "own"},
	} {
		t.Run(name, func(t *testing.T) {
			k.SetEndpoints(c.endpoint)
			nc := k.DialTLS(c.listener, c.serverName, "own")
			if got := nc.ConnectionState().NegotiatedProtocol; got != c.protocol {
				t.Errorf("agreed on %q", got)
			}
			exchangeRandom(t, nc, 200<<10)
		})
	}
	t.Run("HTTP beside it is served as ever", func(t *testing.T) {
		k.SetEndpoints(k.Repeats(nil, okResponse))
		nc := k.DialTLS("shared", "http.example")
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: http.example\r\n\r\n")
		if head, err := proxytest.ReadHead(bufio.NewReader(nc)); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
			t.Errorf("got %q, %v", head, err)
		}
	})
	t.Run("a name without a stream gets nothing", func(t *testing.T) {
		nc := tls.Client(k.Dial("tls"), &tls.Config{ServerName: "none.example", InsecureSkipVerify: true})
		if err := nc.Handshake(); err == nil {
			t.Error("the handshake succeeded")
		}
	})
}

// fragments writes the first record of TLS as three, byte by byte.
type fragments struct {
	net.Conn
	// cut says that it has done so.
	cut bool
}

func (f *fragments) Write(p []byte) (int, error) {
	if f.cut {
		return f.Conn.Write(p)
	}
	f.cut = true
	var out []byte
	body := p[5:]
	for _, n := range []int{3, 100, len(body) - 103} {
		out = append(out, p[0], p[1], p[2], byte(n>>8), byte(n))
		out = append(out, body[:n]...)
		body = body[n:]
	}
	for i := range out {
		if _, err := f.Conn.Write(out[i : i+1]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func TestAFragmentedHelloIsServedAsAnyOther(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c := streamConfig(stream("*.example", true))
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "a.example")}
	c.Listeners[3].TLS.Default = "ns/one"
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(hashAndEcho))
	nc := tls.Client(&fragments{Conn: k.Dial("tls")}, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true})
	exchangeRandom(t, nc, 1<<10)
}

func TestStreamsThatCannotBeServedAreClosed(t *testing.T) {
	for name, c := range map[string]struct {
		listener, sends string
		change          func(*ir.Config)
		reason          string
	}{
		"no endpoint": {listener: "tcp", reason: "no_endpoint"},
		"no backend": {listener: "tcp", reason: "the back end cannot be resolved", change: func(c *ir.Config) {
			c.Listeners[2].Streams[0].Backends = []ir.WeightedUpstream{{Weight: 1, FailStatus: 500, FailReason: "the back end cannot be resolved"}}
		}},
		"no stream": {listener: "tcp", reason: "no_stream", change: func(c *ir.Config) {
			c.Listeners[2].Streams = nil
		}},
		"HTTP where TLS should be": {listener: "tls", sends: "GET / HTTP/1.1\r\n\r\n", reason: "bad_client_hello"},
	} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{})
			config := streamConfig()
			if c.change != nil {
				c.change(config)
			}
			k.Serve(config)
			nc := k.Dial(c.listener)
			io.WriteString(nc, c.sends)
			if got, _ := io.ReadAll(nc); len(got) != 0 {
				t.Errorf("got %q", got)
			}
			if line := k.Log(1)[0]; line["reason"] != c.reason || line["fault"] == nil {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestStreamsTryAnotherEndpoint(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	k.Serve(streamConfig())
	gone, there := k.Endpoint(hashAndEcho), k.Endpoint(hashAndEcho)
	gone.Stop()
	k.SetEndpoints(gone, there)
	for range 4 {
		exchangeRandom(t, k.Dial("tcp"), 200)
	}
	retries := 0.0
	for _, line := range k.Log(4) {
		n, _ := line["retries"].(float64)
		retries += n
	}
	if retries == 0 || there.Accepted() != 4 {
		t.Errorf("%v retries, %d connections", retries, there.Accepted())
	}
}

func TestSilentStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		c := streamConfig()
		c.Listeners[2].Streams[0].Timeouts.TunnelIdle = 30 * time.Second
		k.Serve(c)
		k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }))
		nc := k.Dial("tcp")
		for range 3 {
			io.WriteString(nc, "x")
			time.Sleep(20 * time.Second)
		}
		began := time.Now()
		if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took < 9*time.Second || took > 13*time.Second {
			t.Errorf("it took %v more", took)
		}
		if line := k.Log(1)[0]; line["reason"] != "tunnel_timeout" {
			t.Errorf("logged %v", line)
		}
	})
}

func TestAHelloIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		k.Serve(streamConfig(stream("a.example", false)))
		nc := k.Dial("tls")
		began := time.Now()
		io.ReadAll(nc)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
