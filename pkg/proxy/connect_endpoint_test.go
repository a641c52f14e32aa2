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

	"github.com/coder/websocket"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// startTunnels starts a proxy with one endpoint that speaks HTTP/2 and takes extended CONNECTs: serve
// gets the streams, whose requests are told to heads where that is not nil.
func startTunnels(t *testing.T, o proxytest.Options, heads chan<- string, serve func(tunnelStream)) *proxytest.Kit {
	t.Helper()
	k := proxytest.Start(t, o)
	c, r := proxytest.Config()
	c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	r.Timeouts.TunnelIdle = time.Minute
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		h2.NewConn(&oneConn{Conn: nc, r: r, done: make(chan struct{})}, nil, nil).Serve(func(s *h2.Stream) {
			var req wire.Request
			if s.TakeRequest(&req) != nil {
				return
			}
			if heads != nil {
				heads <- headOf(&req)
			}
			serve(tunnelStream{s})
		})
	}))
	return k
}

// headOf returns a request in the form that HTTP/1.1 has for it.
func headOf(r *wire.Request) string {
	var b strings.Builder
	b.WriteString(string(r.Method) + " " + string(r.Path) + " " + string(r.Authority) + " " + string(r.Upgrade) + "\n")
	for _, f := range r.Header.Fields() {
		b.WriteString(string(f.Name) + ": " + string(f.Value) + "\n")
	}
	return b.String()
}

// tunnelStream is a stream as a connection.
type tunnelStream struct{ *h2.Stream }

// accept opens the tunnel.
func (s tunnelStream) accept() {
	resp := wire.Response{Status: 200, Length: wire.UnknownLength}
	resp.Header.Add("X-From", []byte("endpoint"))
	s.WriteHead(&resp)
	s.Flush()
}

func (s tunnelStream) Write(p []byte) (int, error) {
	if err := s.WriteBody(p); err != nil {
		return 0, err
	}
	return len(p), s.Flush()
}

// upgrade opens a tunnel as a client of HTTP/1.1.
func upgrade(t *testing.T, k *proxytest.Kit, protocol, early string) (net.Conn, *bufio.Reader) {
	t.Helper()
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, "GET /t HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: "+protocol+"\r\n\r\n"+early)
	r := bufio.NewReader(nc)
	head, err := proxytest.ReadHead(r)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, "Upgrade: "+protocol+"\r\nConnection: upgrade\r\n") {
		t.Fatalf("got %q, %v", head, err)
	}
	return nc, r
}

// asServer makes a stream what the library for WebSockets takes.
type asServer struct {
	tunnelStream
	conn   *streamAsConn
	header http.Header
}

func (w asServer) Header() http.Header { return w.header }

func (w asServer) WriteHeader(status int) {
	if status == 101 {
		w.accept()
	}
}

func (w asServer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.conn, bufio.NewReadWriter(bufio.NewReader(w.conn), bufio.NewWriter(w.conn)), nil
}

// streamAsConn has the methods of a connection that streams have not.
type streamAsConn struct {
	tunnelStream
	net.Conn
}

func (c *streamAsConn) Read(p []byte) (int, error)  { return c.tunnelStream.Read(p) }
func (c *streamAsConn) Write(p []byte) (int, error) { return c.tunnelStream.Write(p) }
func (c *streamAsConn) Close() error                { return c.Finish(nil) }
func (c *streamAsConn) SetDeadline(at time.Time) error {
	c.tunnelStream.SetDeadline(at)
	return nil
}

func (c *streamAsConn) SetReadDeadline(at time.Time) error {
	c.tunnelStream.SetReadDeadline(at)
	return nil
}

func (c *streamAsConn) SetWriteDeadline(at time.Time) error {
	c.tunnelStream.SetWriteDeadline(at)
	return nil
}

// echoMessages serves one WebSocket over a stream.
func echoMessages(s tunnelStream) {
	req := &http.Request{Method: "GET", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "h", Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}}
	ws, err := websocket.Accept(asServer{s, &streamAsConn{tunnelStream: s}, make(http.Header)}, req, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	for {
		kind, message, err := ws.Read(context.Background())
		if err != nil || ws.Write(context.Background(), kind, message) != nil {
			return
		}
	}
}

func TestWebSocketsOfHTTP2Endpoints(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run("from "+protocol, func(t *testing.T) {
			heads := make(chan string, 1)
			k := startTunnels(t, proxytest.Options{}, heads, echoMessages)
			client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return k.Network.Dial(ctx, k.Address(ir.ListenerHTTP))
			}}}
			status := 101.0
			if protocol == "HTTP/2" {
				client.Transport, status = upgradeOver{t, http2Client(t, k)}, 200
			}
			defer client.CloseIdleConnections()
			ws, resp, err := websocket.Dial(t.Context(), "ws://h/chat", &websocket.DialOptions{HTTPClient: client})
			if err != nil {
				t.Fatal(err)
			}
			defer ws.CloseNow()
			if protocol == "HTTP/1.1" && (resp.Header.Get("X-From") != "endpoint" || resp.Header.Get("Content-Length") != "") {
				t.Errorf("got header %v", resp.Header)
			}
			head := <-heads
			if !strings.HasPrefix(head, "GET /chat h websocket\n") || !strings.Contains(head, "sec-websocket-version: 13\n") ||
				strings.Contains(head, "sec-websocket-key") {
				t.Errorf("the endpoint saw %q", head)
			}
			for i := range 20 {
				want := []byte(strings.Repeat("x", 1<<i%(1<<14)))
				if err := ws.Write(t.Context(), websocket.MessageBinary, want); err != nil {
					t.Fatal(err)
				}
				if _, got, err := ws.Read(t.Context()); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("message %d: %d bytes, %v", i, len(got), err)
				}
			}
			if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
			if line := k.Log(1)[0]; line["status"] != status || line["reason"] != nil || line["path"] != "/chat" || line["protocol"] != protocol {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestTunnelsToHTTP2EndpointsAreTransparent(t *testing.T) {
	random := make([]byte, 3<<20)
	rand.Read(random)
	for name, c := range map[string]struct {
		network proxytest.Network
		sent    []byte
		piece   int
	}{
		"in memory":    {new(proxytest.Memory), random, 1 << 20},
		"on loopback":  {proxytest.Loopback{}, random, 100_000},
		"byte by byte": {new(proxytest.Memory), random[:2000], 1},
	} {
		t.Run(name, func(t *testing.T) {
			// All is sent back only once the client has closed its half.
			k := startTunnels(t, proxytest.Options{Network: c.network}, nil, func(s tunnelStream) {
				s.accept()
				io.WriteString(s, "hello")
				all, _ := io.ReadAll(s)
				for part := range chunksOf(all, c.piece) {
					s.Write(part)
				}
				s.Finish(nil)
			})
			nc, r := upgrade(t, k, "x", "early")
			go func() {
				for part := range chunksOf(c.sent, c.piece) {
					nc.Write(part)
				}
				nc.(interface{ CloseWrite() error }).CloseWrite()
			}()
			got, err := io.ReadAll(r)
			if want := append([]byte("helloearly"), c.sent...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back, not %d, or others, %v", len(got), len(want), err)
			}
			line := k.Log(1)[0]
			if line["bytesIn"] != float64(len(c.sent)+5) || line["bytesOut"] != float64(len(c.sent)+10) || line["reason"] != nil || line["status"] != 101.0 {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestUpgradesThatAnHTTP2EndpointDoesNotTake(t *testing.T) {
	const webSocket = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	connects := http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1}
	for name, c := range map[string]struct {
		settings []http2.Setting
		request  string
		want     string
	}{
		"as its settings do not say so": {nil, webSocket, "HTTP/1.1 501 upgrade_not_supported"},
		"as they say that it does not": {
			[]http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 0}}, webSocket, "HTTP/1.1 501 upgrade_not_supported",
		},
		"as its settings are wrong": {[]http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 2}}, webSocket, "HTTP/1.1 502 endpoint_refused"},
		"as it says so itself":      {[]http2.Setting{connects}, webSocket, "HTTP/1.1 404 "},
		"as HTTP/2 has no other method for it": {
			[]http2.Setting{connects}, "OPTIONS / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 501 upgrade_not_supported",
		},
		"as HTTP/2 cannot name its version": {
			[]http2.Setting{connects}, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x/1.0\r\n\r\n", "HTTP/1.1 501 upgrade_not_supported",
		},
		"as there is no key": {
			[]http2.Setting{connects}, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 400 bad_websocket_key",
		},
		"as the key is none": {
			[]http2.Setting{connects}, strings.Replace(webSocket, "dGhl", "d=hl", 1), "HTTP/1.1 400 bad_websocket_key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}})
			config, _ := proxytest.Config()
			config.Upstreams[0].Protocol = ir.UpstreamHTTP2
			k.Serve(config)
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				io.ReadFull(r, make([]byte, len(http2.ClientPreface)))
				f := http2.NewFramer(nc, r)
				f.WriteSettings(c.settings...)
				for {
					frame, err := f.ReadFrame()
					if err != nil {
						return
					}
					if frame.Header().Type == http2.FrameHeaders {
						f.WriteHeaders(http2.HeadersFrameParam{StreamID: frame.Header().StreamID, BlockFragment: []byte{0x8d}, EndHeaders: true, EndStream: true})
					}
				}
			}))
			for range 2 { // The second one knows the settings already.
				got := k.Send(c.request)
				want, word := c.want[:len("HTTP/1.1 501 ")], c.want[len("HTTP/1.1 501 "):]
				if !strings.HasPrefix(got, want) || word != "" && !strings.Contains(got, "X-Sluice-Reason: "+word+"\r\n") {
					t.Errorf("got %q", got)
				}
			}
		})
	}
}

func TestTheHeadOfATunnelToAnHTTP2Endpoint(t *testing.T) {
	heads := make(chan []hpack.HeaderField, 1)
	ended := make(chan bool, 1)
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Upstreams[0].Protocol = ir.UpstreamHTTP2
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		io.ReadFull(r, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(nc, r)
		f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		f.WriteSettings(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, is := frame.(*http2.MetaHeadersFrame); is {
				heads <- h.Fields
				ended <- h.StreamEnded()
				// A length means nothing there (RFC 9110 section 9.3.6).
				f.WriteHeaders(http2.HeadersFrameParam{StreamID: h.StreamID, BlockFragment: []byte("\x88\x0f\x0d\x011"), EndHeaders: true})
				f.WriteData(h.StreamID, true, []byte("three"))
			}
		}
	}))
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, "GET /a?b=c HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: p\r\n\r\n")
	var pseudo []string
	got := make(map[string]string)
	for _, f := range <-heads {
		if f.IsPseudo() {
			pseudo = append(pseudo, f.Name+"="+f.Value)
		}
		got[f.Name] = f.Value
	}
	if s := strings.Join(pseudo, " "); s != ":method=CONNECT :protocol=websocket :scheme=http :authority=h :path=/a?b=c" {
		t.Errorf("got %q", s)
	}
	if got["sec-websocket-version"] != "13" || got["sec-websocket-protocol"] != "p" || <-ended {
		t.Errorf("got %v", got)
	}
	for _, name := range []string{"sec-websocket-key", "content-length", "connection", "upgrade", "host"} {
		if v, there := got[name]; there {
			t.Errorf("%s is %q", name, v)
		}
	}
	r := bufio.NewReader(nc)
	head, err := proxytest.ReadHead(r)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") ||
		strings.Contains(head, "Content-Length") {
		t.Errorf("got %q, %v", head, err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "three" {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestTunnelsToHTTP2EndpointsEnd(t *testing.T) {
	for name, by := range map[string]func(nc net.Conn, k *proxytest.Kit){
		"with the client":                   func(nc net.Conn, _ *proxytest.Kit) { nc.Close() },
		"when draining gives up":            func(_ net.Conn, k *proxytest.Kit) { shutDown(k) },
		"when both have nothing to say":     func(nc net.Conn, _ *proxytest.Kit) { nc.(interface{ CloseWrite() error }).CloseWrite() },
		"when the endpoint breaks them off": func(nc net.Conn, _ *proxytest.Kit) { io.WriteString(nc, "!") },
	} {
		t.Run(name, func(t *testing.T) {
			left := make(chan error, 1)
			k := startTunnels(t, proxytest.Options{}, nil, func(s tunnelStream) {
				s.accept()
				var b [1]byte
				_, err := s.Read(b[:])
				left <- err
				if b[0] == '!' {
					s.Reset(h2.InternalError)
				}
				s.Finish(nil)
			})
			nc, r := upgrade(t, k, "x", "")
			by(nc, k)
			<-left
			io.ReadAll(r)
			if line := k.Log(1)[0]; line["status"] != 101.0 {
				t.Errorf("logged %v", line)
			}
			if k.Registry.Dump()[0].Endpoints[0].InFlight != 0 {
				t.Error("the endpoint is still in use")
			}
		})
	}
}

// shutDown drains for no time.
func shutDown(k *proxytest.Kit) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	k.Proxy.Shutdown(ctx)
}

func TestSilentTunnelsToHTTP2EndpointsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := startTunnels(t, proxytest.Options{}, nil, func(s tunnelStream) {
			s.accept()
			io.Copy(s, s)
		})
		nc, r := upgrade(t, k, "x", "")
		for range 3 {
			time.Sleep(40 * time.Second)
			io.WriteString(nc, "x")
			if c, err := r.ReadByte(); c != 'x' || err != nil {
				t.Fatalf("got %q, %v", c, err)
			}
		}
		began := time.Now()
		if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took < time.Minute || took > 70*time.Second {
			t.Errorf("it took %v", took)
		}
		if line := k.Log(1)[0]; line["reason"] != "tunnel_timeout" {
			t.Errorf("logged %v", line)
		}
	})
}

func TestATunnelWaitsForTheSettingsOfItsEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}})
		c, r := proxytest.Config()
		c.Upstreams[0].Protocol = ir.UpstreamHTTP2
		r.Timeouts.BackendRequest = 30 * time.Second
		k.Serve(c)
		k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) })) // It never sends them.
		began := time.Now()
		got := k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 504 ") || !strings.Contains(got, "X-Sluice-Reason: endpoint_timeout\r\n") {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took < 30*time.Second || took > 40*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
