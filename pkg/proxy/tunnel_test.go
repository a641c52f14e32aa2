package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// websocketEcho serves one WebSocket that echoes messages.
func websocketEcho(nc net.Conn, r *bufio.Reader) {
	done := make(chan struct{})
	ln := &oneConn{Conn: nc, r: r, done: done}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for {
			kind, message, err := ws.Read(r.Context())
			if err != nil || ws.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})}
	server.Serve(ln)
	<-done
}

// oneConn is a listener of one connection, and that connection.
type oneConn struct {
	net.Conn
	r        *bufio.Reader
	accepted bool
	done     chan struct{}
	closed   bool
}

func (l *oneConn) Accept() (net.Conn, error) {
	if l.accepted {
		<-l.done
		return nil, net.ErrClosed
	}
	l.accepted = true
	return l, nil
}
func (l *oneConn) Addr() net.Addr             { return l.LocalAddr() }
func (l *oneConn) Read(p []byte) (int, error) { return l.r.Read(p) }
func (l *oneConn) Close() error {
	if !l.closed {
		l.closed = true
		close(l.done)
	}
	return l.Conn.Close()
}

func TestWebSocketOutlivesTables(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Endpoint(websocketEcho))
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return k.Network.Dial(ctx, k.Address(ir.ListenerHTTP))
		},
	}}
	defer client.CloseIdleConnections()
	ws, resp, err := websocket.Dial(t.Context(), "ws://h/chat", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Upgrade") != "websocket" {
		t.Errorf("got header %v", resp.Header)
	}
	defer ws.CloseNow()
	for i := range 20 {
		c, r := proxytest.Config()
		r.Match.Path.Value = fmt.Sprint("/other", i) // The route of the tunnel is gone.
		k.Serve(c)
		if i%2 == 0 {
			k.SetEndpoints()
		}
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
	line := k.Log(1)[0]
	if line["status"] != 101.0 || line["reason"] != nil || line["path"] != "/chat" || line["userAgent"] != "Go-http-client/1.1" {
		t.Errorf("logged %v", line)
	}
}

func TestTunnelIsTransparent(t *testing.T) {
	for name, network := range map[string]proxytest.Network{"in memory": new(proxytest.Memory), "on loopback": proxytest.Loopback{}} {
		t.Run(name, func(t *testing.T) {
			random := make([]byte, 4<<20)
			if _, err := rand.Read(random); err != nil {
				t.Fatal(err)
			}
			k := start(t, proxytest.Options{Network: network}, nil)
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				proxytest.ReadHead(r)
				// The first bytes come with the head. All is sent back only once the
				// client has closed its half.
				io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello")
				all, _ := io.ReadAll(r)
				nc.Write(all)
			}))
			nc := k.Dial(ir.ListenerHTTP)
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nearly")
			go func() {
				nc.Write(random)
				nc.(interface{ CloseWrite() error }).CloseWrite()
			}()
			got, err := io.ReadAll(nc)
			if err != nil {
				t.Fatal(err)
			}
			_, got, _ = bytes.Cut(got, []byte("\r\n\r\n"))
			if want := append([]byte("helloearly"), random...); !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back, not %d, or others", len(got), len(want))
			}
			line := k.Log(1)[0]
			if line["bytesIn"] != float64(len(random)+5) || line["bytesOut"] != float64(len(random)+10) {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestUpgrades(t *testing.T) {
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
	bad := own("502 Bad Gateway", "X-Sluice-Reason: endpoint_invalid_upgrade\nContent-Length: 16\n\n502 Bad Gateway\n")
	runAll(t, map[string]exchange{
		"a WebSocket that proves itself is let through": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: websocket\n" + key + "\n",
			replies: []string{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
				date + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nbytes"},
			sees: []string{"GET / HTTP/1.1\nHost: h\n" + key + "Upgrade: websocket\nConnection: upgrade\n\n"},
			gets: "HTTP/1.1 101 Switching Protocols\n" + tidy(date) + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n" +
				"Upgrade: websocket\nConnection: upgrade\n\nbytes",
		},
		"one that does not is 502": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: websocket\n" + key + "\n",
			replies: []string{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n" + key + "Upgrade: websocket\nConnection: upgrade\n\n"},
			gets:    bad,
		},
		"another protocol than the one asked for is 502": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: a\n\n",
			replies: []string{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: c\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\nUpgrade: a\nConnection: upgrade\n\n"},
			gets:    bad,
		},
		"an endpoint may decline": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: websocket\n\n",
			replies: []string{"HTTP/1.1 426 Upgrade Required\r\n" + date + "Content-Length: 0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: upgrade\n\n"},
			gets:    "HTTP/1.1 426 Upgrade Required\n" + tidy(date) + "Content-Length: 0\n\n",
		},
		"what follows a declined upgrade is a request like any other": {
			request: "GET /1 HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: x\n\nGET /2 HTTP/1.1\nHost: h\n\n",
			replies: []string{okResponse, okResponse},
			sees:    []string{"GET /1 HTTP/1.1\nHost: h\nUpgrade: x\nConnection: upgrade\n\n", "GET /2 HTTP/1.1\nHost: h\n\n"},
			gets:    strings.Repeat("HTTP/1.1 200 OK\n"+tidy(date)+"Content-Length: 2\n\nok", 2),
		},
		"h2c is not forwarded": {
			request: "GET / HTTP/1.1\nHost: h\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\n\n",
			replies: []string{okResponse},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    "HTTP/1.1 200 OK\n" + tidy(date) + "Content-Length: 2\n\nok",
		},
		"HTTP/1.0 has no upgrade": {
			request: "GET / HTTP/1.0\nHost: h\nConnection: Upgrade\nUpgrade: x\n\n",
			replies: []string{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"},
			sees:    []string{"GET / HTTP/1.1\nHost: h\n\n"},
			gets:    strings.Replace(bad, "Content-Length: 16\n", "Content-Length: 16\nConnection: close\n", 1),
		},
	}, func(e *exchange) { e.proxy = proxy.Options{DebugHeaders: true} })
}

func TestTunnelsLastUntilDrainingGivesUp(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		proxytest.ReadHead(r)
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		io.Copy(nc, r)
	}))
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
	r := bufio.NewReader(nc)
	if _, err := proxytest.ReadHead(r); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Proxy.Shutdown(ctx) }()
	for range 3 {
		io.WriteString(nc, "x")
		if c, err := r.ReadByte(); err != nil || c != 'x' {
			t.Fatalf("got %q, %v", c, err)
		}
	}
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "1 connections were cut off") {
		t.Errorf("Shutdown returns %v", err)
	}
	if _, err := r.ReadByte(); err == nil {
		t.Error("the tunnel is still open")
	}
}
