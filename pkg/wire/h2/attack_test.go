package h2_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// TestAttacks sends what keeps a connection busy for nothing, much more of it
// than should be borne, and wants the connection to end by itself.
func TestAttacks(t *testing.T) {
	const many = 10000
	for name, c := range map[string]struct {
		// begin comes once, then attack again and again.
		begin, attack func(c *client, i int)
		fault         string
	}{
		"rapid reset": {
			attack: func(c *client, i int) {
				c.open(uint32(2*i+1), true, get()...)
				c.WriteRSTStream(uint32(2*i+1), http2.ErrCodeCancel)
			},
			fault: "too-many-resets",
		},
		"streams reset by a window increment of 0": {
			attack: func(c *client, i int) {
				c.open(uint32(2*i+1), false, get()...)
				c.WriteWindowUpdate(uint32(2*i+1), 0)
			},
			fault: "too-many-resets",
		},
		"streams reset by a window too large": {
			attack: func(c *client, i int) {
				c.open(uint32(2*i+1), false, get()...)
				c.WriteWindowUpdate(uint32(2*i+1), 1<<31-1)
			},
			fault: "too-many-resets",
		},
		"streams reset by a bad PRIORITY": {
			attack: func(c *client, i int) {
				c.open(uint32(2*i+1), false, get()...)
				c.WritePriority(uint32(2*i+1), http2.PriorityParam{StreamDep: uint32(2*i + 1)})
			},
			fault: "too-many-resets",
		},
		"streams reset by a malformed head": {
			attack: func(c *client, i int) { c.open(uint32(2*i+1), true, get("connection: close")...) },
			fault:  "too-many-resets",
		},
		"streams reset by a body of the wrong length": {
			attack: func(c *client, i int) {
				c.open(uint32(2*i+1), false, get("content-length: 1")...)
				c.WriteData(uint32(2*i+1), true, nil)
			},
			fault: "too-many-resets",
		},
		"streams beyond those allowed": {
			attack: func(c *client, i int) { c.open(uint32(2*i+1), false, get()...) },
			fault:  "too-many-resets",
		},
		"settings":   {attack: func(c *client, _ int) { c.WriteSettings() }, fault: "too-many-idle-frames"},
		"pings":      {attack: func(c *client, _ int) { c.WritePing(false, [8]byte{}) }, fault: "too-many-idle-frames"},
		"pongs":      {attack: func(c *client, _ int) { c.WritePing(true, [8]byte{}) }, fault: "too-many-idle-frames"},
		"priorities": {attack: func(c *client, _ int) { c.WritePriority(1, http2.PriorityParam{StreamDep: 3}) }, fault: "too-many-idle-frames"},
		"unknown frames": {
			attack: func(c *client, _ int) { c.WriteRawFrame(0xfa, 0, 0, nil) },
			fault:  "too-many-idle-frames",
		},
		"empty DATA": {
			begin:  func(c *client, _ int) { c.open(1, false, get()...) },
			attack: func(c *client, _ int) { c.WriteData(1, false, nil) },
			fault:  "too-many-idle-frames",
		},
		"padding without data": {
			begin:  func(c *client, _ int) { c.open(1, false, get()...) },
			attack: func(c *client, _ int) { c.WriteDataPadded(1, false, nil, make([]byte, 9)) },
			fault:  "too-many-idle-frames",
		},
		"windows opened byte by byte": {
			attack: func(c *client, _ int) { c.WriteWindowUpdate(0, 1) },
			fault:  "too-many-idle-frames",
		},
		"heads beyond a limit": {
			attack: func(c *client, i int) {
				c.open(uint32(2*i+1), true, get(strings.Split(strings.Repeat("a: b,", 200), ",")[:200]...)...)
			},
			fault: "too-many-idle-frames",
		},
		"one line fifteen times": {
			attack: func(c *client, i int) { c.open(uint32(2*i+1), true, bomb("a", 4000, 15)...) },
			fault:  "too-many-idle-frames",
		},
		"one crumb fifteen times": {
			attack: func(c *client, i int) { c.open(uint32(2*i+1), true, bomb("cookie", 4000, 15)...) },
			fault:  "too-many-idle-frames",
		},
		"empty CONTINUATION": {
			begin: func(c *client, _ int) {
				c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(get()...)})
			},
			attack: func(c *client, _ int) { c.WriteContinuation(1, false, nil) },
			fault:  "field-section-too-large",
		},
		"CONTINUATION without end": {
			begin: func(c *client, _ int) {
				c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(get()...)})
			},
			attack: func(c *client, i int) { c.WriteContinuation(1, false, c.encode(fmt.Sprint("a: ", i))) },
			fault:  "field-section-too-large",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cl := dial(t, nil, echo)
			var stopped atomic.Bool
			var attacker sync.WaitGroup
			attacker.Go(func() {
				if c.begin != nil {
					c.begin(cl, 0)
				}
				for i := 0; i < many && !stopped.Load(); i++ {
					c.attack(cl, i)
				}
			})
			goAway, _ := cl.await(func(f http2.Frame) bool { return f.Header().Type == http2.FrameGoAway }).(*http2.GoAwayFrame)
			if goAway == nil {
				t.Error("there was no GOAWAY")
			} else if goAway.ErrCode != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("the error code is %v", goAway.ErrCode)
			}
			cl.nc.Close()
			stopped.Store(true)
			attacker.Wait()
			var fault *h2.ConnError
			if err := cl.end(); !errors.As(err, &fault) || fault.Fault != c.fault {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// bomb are the lines of a request that has one line many times: each but the first costs its client one byte.
func bomb(name string, size, times int) []string {
	lines := get()
	for range times {
		lines = append(lines, name+": "+strings.Repeat("v", size))
	}
	return lines
}

// open is headers for those who go on when the connection has ended.
func (c *client) open(id uint32, end bool, lines ...string) {
	c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.encode(lines...), EndStream: end, EndHeaders: true})
}

// TestHeldMemory counts what a connection holds while its client takes nothing.
func TestHeldMemory(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		most  int
	}{
		// As much as costs the client nothing: see costOfExpansion.
		"one line many times":  {lines: bomb("a", 500, 14), most: 5 << 20},
		"one crumb many times": {lines: bomb("cookie", 500, 14), most: 5 << 20},
		"plain requests":       {lines: get(), most: 4 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			served := make(chan struct{}, 100)
			body := make([]byte, 32<<10)
			before := heap()
			cl := dial(t, nil, func(s *h2.Stream) {
				var req wire.Request
				s.TakeRequest(&req)
				served <- struct{}{}
				s.WriteHead(&wire.Response{Status: 200, Length: wire.UnknownLength})
				for s.WriteBody(body) == nil {
				}
				runtime.KeepAlive(&req)
			})
			cl.check(cl.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
			for i := range 100 {
				cl.headers(uint32(2*i+1), true, c.lines...)
			}
			for range 100 {
				<-served
			}
			if held := heap() - before; held > c.most {
				t.Errorf("the connection holds %d bytes", held)
			}
			cl.nc.Close()
			cl.end()
		})
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

// TestFloodOfBody sends more of a body than the windows allow.
func TestFloodOfBody(t *testing.T) {
	for name, c := range map[string]struct {
		streams int
		code    http2.ErrCode
		stream  bool
	}{
		"one stream beyond its window":           {streams: 1, stream: true},
		"streams beyond the connection's window": {streams: 20},
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			cl := dial(t, nil, func(s *h2.Stream) { <-release; io.Copy(io.Discard, s) })
			defer close(release)
			go func() {
				for i := range c.streams {
					cl.open(uint32(2*i+1), false, get()...)
					for range 4 {
						cl.WriteData(uint32(2*i+1), false, make([]byte, 16384))
					}
					if c.streams == 1 {
						cl.WriteData(1, false, []byte("x"))
					}
				}
			}()
			f := cl.await(func(f http2.Frame) bool {
				return f.Header().Type == http2.FrameGoAway || f.Header().Type == http2.FrameRSTStream
			})
			switch f := f.(type) {
			case *http2.RSTStreamFrame:
				if !c.stream || f.ErrCode != http2.ErrCodeFlowControl {
					t.Errorf("got %v", f)
				}
			case *http2.GoAwayFrame:
				if c.stream || f.ErrCode != http2.ErrCodeFlowControl {
					t.Errorf("got %v", f)
				}
			default:
				t.Error("nothing happened")
			}
		})
	}
}
