package proxy_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// attacker speaks frames with the proxy.
type attacker struct {
	*http2.Framer
	nc    net.Conn
	block bytes.Buffer
	enc   *hpack.Encoder
	sent  int
}

func newAttacker(k *proxytest.Kit, settings ...http2.Setting) *attacker {
	a := &attacker{nc: k.Dial(ir.ListenerHTTP)}
	a.Framer = http2.NewFramer(a, a.nc)
	a.AllowIllegalWrites = true
	a.enc = hpack.NewEncoder(&a.block)
	io.WriteString(a, http2.ClientPreface)
	a.WriteSettings(settings...)
	return a
}

// Write counts what is sent.
func (a *attacker) Write(p []byte) (int, error) {
	n, err := a.nc.Write(p)
	a.sent += n
	return n, err
}

func (a *attacker) open(i int, end bool, more ...hpack.HeaderField) error {
	a.block.Reset()
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "h"}, {Name: ":path", Value: "/"},
	}, more...) {
		a.enc.WriteField(f)
	}
	return a.WriteHeaders(http2.HeadersFrameParam{StreamID: id(i), BlockFragment: a.block.Bytes(), EndStream: end, EndHeaders: true})
}

// id is that of stream i, from 0 on.
func id(i int) uint32 { return uint32(2*i + 1) }

// TestAttacksEndWhileOthersAreServed lets a client send what costs much more to
// serve than to send, as fast as it can, through the proxy to an endpoint.
func TestAttacksEndWhileOthersAreServed(t *testing.T) {
	swollen := make([]hpack.HeaderField, 15)
	for i := range swollen {
		swollen[i] = hpack.HeaderField{Name: "cookie", Value: strings.Repeat("v", 4000)}
	}
	for name, attack := range map[string]func(a *attacker, i int) error{
		"rapid reset": func(a *attacker, i int) error {
			a.open(i, true)
			return a.WriteRSTStream(id(i), http2.ErrCodeCancel)
		},
		"made to reset by a window": func(a *attacker, i int) error {
			a.open(i, true)
			return a.WriteWindowUpdate(id(i), 0)
		},
		"made to reset by DATA behind the end": func(a *attacker, i int) error {
			a.open(i, true)
			return a.WriteData(id(i), true, []byte("x"))
		},
		"made to reset by a PRIORITY": func(a *attacker, i int) error {
			a.open(i, true)
			return a.WritePriority(id(i), http2.PriorityParam{StreamDep: id(i)})
		},
		"CONTINUATION": func(a *attacker, i int) error {
			if i == 0 {
				a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1})
			}
			return a.WriteContinuation(1, false, []byte{0x82})
		},
		"SETTINGS": func(a *attacker, _ int) error {
			return a.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
		},
		"PING":     func(a *attacker, _ int) error { return a.WritePing(false, [8]byte{}) },
		"PRIORITY": func(a *attacker, i int) error { return a.WritePriority(id(i), http2.PriorityParam{StreamDep: 1}) },
		"empty DATA": func(a *attacker, i int) error {
			if i == 0 {
				a.open(i, false)
			}
			return a.WriteData(1, false, nil)
		},
		"swollen heads": func(a *attacker, i int) error { return a.open(i, true, swollen...) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, nil)
				k.SetEndpoints(k.Repeats(nil, okResponse))
				began := time.Now()
				a := newAttacker(k)
				go func() {
					for i := 0; attack(a, i) == nil; i++ {
					}
				}()
				ended := make(chan time.Duration)
				go func() {
					for {
						if _, err := a.ReadFrame(); err != nil {
							ended <- time.Since(began)
							return
						}
					}
				}()
				clients := []*http2.Transport{clearHTTP2(t, k), http2Client(t, k)}
				for range 20 {
					for i, url := range []string{"http://h/", "https://h/"} {
						if err := ask(clients[i], http.MethodGet, url, ""); err != nil {
							t.Errorf("another client: %v", err)
						}
					}
				}
				if took := <-ended; took > time.Second {
					t.Errorf("the attack took %v", took)
				}
				a.nc.Close()
				for _, client := range clients {
					client.CloseIdleConnections()
				}
				synctest.Wait()
				if n := k.Registry.Dump()[0].Endpoints[0].InFlight; n != 0 {
					t.Errorf("%d requests are still under way", n)
				}
				if n := k.Proxy.Connections(); n != 0 {
					t.Errorf("%d connections are left", n)
				}
			})
		})
	}
}

// TestStalledStreamsEnd has a client ask for what it never takes.
func TestStalledStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			proxytest.ReadHead(r)
			io.WriteString(nc, "HTTP/1.1 200 OK\r\n"+date+"\r\n")
			for {
				if _, err := nc.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}))
		a := newAttacker(k, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		for i := range 100 {
			a.open(i, true)
		}
		began := time.Now()
		resets := 0
		for resets < 100 {
			f, err := a.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if f.Header().Type == http2.FrameRSTStream {
				resets++
			}
		}
		if took := time.Since(began); took > 65*time.Second {
			t.Errorf("it took %v", took)
		}
		a.nc.Close()
		synctest.Wait()
		if n := k.Registry.Dump()[0].Endpoints[0].InFlight; n != 0 {
			t.Errorf("%d requests are still under way", n)
		}
	})
}
