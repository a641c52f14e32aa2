package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// connect opens an extended CONNECT; what is written to the returned writer goes into the tunnel.
func connect(ctx context.Context, t *testing.T, client *http2.Transport, url, protocol string) (*http.Response, *io.PipeWriter) {
	t.Helper()
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	req, err := http.NewRequestWithContext(ctx, http.MethodConnect, url, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{":protocol": {protocol}, "Sec-Websocket-Version": {"13"}}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body := resp.Body
	t.Cleanup(func() { body.Close() })
	return resp, w
}

// upgradeOver makes the extended CONNECT that stands for an upgrade of HTTP/1.1, so
// that a library for WebSockets can be used.
type upgradeOver struct {
	t      *testing.T
	client *http2.Transport
}

func (u upgradeOver) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, w := connect(req.Context(), u.t, u.client, "https://h"+req.URL.Path, "websocket")
	if resp.StatusCode != 200 {
		return resp, nil
	}
	if resp.Header.Get("Sec-Websocket-Accept") != "" || resp.Header.Get("Upgrade") != "" || resp.Header.Get("Connection") != "" {
		u.t.Errorf("got header %v", resp.Header)
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	resp.StatusCode = 101
	resp.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
	}
	resp.Body = struct {
		io.Reader
		io.WriteCloser
	}{resp.Body, w}
	return resp, nil
}

func TestWebSocketOverHTTP2(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Endpoint(websocketEcho))
	client := &http.Client{Transport: upgradeOver{t, http2Client(t, k)}}
	ws, _, err := websocket.Dial(t.Context(), "ws://h/chat", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
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
	line := k.Log(1)[0]
	if line["status"] != 200.0 || line["reason"] != nil || line["path"] != "/chat" || line["method"] != "GET" || line["protocol"] != "HTTP/2" {
		t.Errorf("logged %v", line)
	}
}

func TestTunnelOverHTTP2IsTransparent(t *testing.T) {
	random := make([]byte, 4<<20)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		network proxytest.Network
		client  func(*testing.T, *proxytest.Kit) *http2.Transport
		url     string
		sent    []byte
		piece   int
	}{
		"in memory over TLS":      {new(proxytest.Memory), http2Client, "https://h/", random, 1 << 20},
		"on loopback without TLS": {proxytest.Loopback{}, clearHTTP2, "http://h/", random, 100_000},
		"byte by byte":            {new(proxytest.Memory), clearHTTP2, "http://h/", random[:2000], 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Network: c.network}, nil)
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				head, _ := proxytest.ReadHead(r)
				if !strings.Contains(head, "GET / HTTP/1.1\r\n") || !strings.Contains(head, "Upgrade: x\r\nConnection: upgrade\r\n") {
					t.Errorf("the endpoint saw %q", head)
				}
				// The first bytes come with the head. All is sent back only once the
				// client has closed its half.
				io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello")
				all, _ := io.ReadAll(r)
				for part := range chunksOf(all, c.piece) {
					nc.Write(part)
				}
			}))
			resp, w := connect(t.Context(), t, c.client(t, k), c.url, "x")
			go func() {
				for part := range chunksOf(c.sent, c.piece) {
					w.Write(part)
				}
				w.Close()
			}()
			got, err := io.ReadAll(resp.Body)
			if want := append([]byte("hello"), c.sent...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back, not %d, or others, %v", len(got), len(want), err)
			}
			line := k.Log(1)[0]
			if line["bytesIn"] != float64(len(c.sent)) || line["bytesOut"] != float64(len(c.sent)+5) || line["reason"] != nil {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestExtendedConnectThatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		protocol, reply string
		status          int
	}{
		"by the endpoint": {"websocket", "HTTP/1.1 403 Forbidden\r\n" + date + "Content-Length: 2\r\n\r\nno", 403},
		"as the endpoint proves nothing": {
			"websocket", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", 502,
		},
		"as the endpoint speaks another protocol": {"a", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n", 502},
		"as it would carry requests":              {"h2c", okResponse, 501},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, nil)
			k.SetEndpoints(k.Replies(nil, c.reply))
			client := http2Client(t, k)
			if resp, _ := connect(t.Context(), t, client, "https://h/", c.protocol); resp.StatusCode != c.status {
				t.Errorf("got %d", resp.StatusCode)
			}
			k.SetEndpoints(k.Replies(nil, okResponse))
			if err := ask(client, http.MethodGet, "https://h/", ""); err != nil {
				t.Errorf("the next stream: %v", err)
			}
		})
	}
}

func TestTunnelOverHTTP2EndsWithItsStream(t *testing.T) {
	for _, by := range []string{"client", "endpoint"} {
		t.Run("by the "+by, func(t *testing.T) {
			k := start(t, proxytest.Options{}, nil)
			left := make(chan struct{})
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				defer close(left)
				proxytest.ReadHead(r)
				io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello")
				if by == "client" {
					io.Copy(io.Discard, r)
				}
			}))
			resp, w := connect(t.Context(), t, http2Client(t, k), "https://h/", "x")
			io.ReadFull(resp.Body, make([]byte, 5))
			if by == "client" {
				resp.Body.Close() // It resets the stream.
			} else {
				if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("after the end: %d, %v", n, err)
				}
				w.Close()
			}
			<-left
			if line := k.Log(1)[0]; fmt.Sprint(line["status"]) != "200" || line["bytesOut"] != 5.0 {
				t.Errorf("logged %v", line)
			}
			if k.Registry.Dump()[0].Endpoints[0].InFlight != 0 {
				t.Error("the endpoint is still in use")
			}
		})
	}
}
