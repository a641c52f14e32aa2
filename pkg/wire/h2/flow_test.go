package h2_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// TestWindowsAreKept has streams answer with bodies of any size while the client
// opens its windows by any amounts, and looks at each frame: none may be beyond a
// window, and all bytes must come in the end.
func TestWindowsAreKept(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			initial := []int{0, 1, 100, 65535, 1 << 20}[r.IntN(5)]
			sizes := make([]int, 1+r.IntN(8))
			for i := range sizes {
				sizes[i] = r.IntN(1 << (4 + r.IntN(15)))
			}
			cl := dial(t, &h2.Options{MaxGlitches: 1 << 30, MaxQueue: 1 << (8 + r.IntN(9))}, func(s *h2.Stream) {
				var req wire.Request
				s.TakeRequest(&req)
				var size int
				fmt.Sscan(string(req.Path[1:]), &size)
				parts := rand.New(rand.NewPCG(seed, uint64(size)))
				s.WriteHead(&wire.Response{Status: 200, Length: int64(size)})
				for body := make([]byte, size); len(body) > 0; {
					n := min(len(body), 1+parts.IntN(40000))
					if s.WriteBody(body[:n]) != nil {
						return
					}
					body = body[n:]
				}
				s.Finish(nil)
			})
			cl.check(cl.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(initial)}))
			windows, got := make([]int, len(sizes)), make([]int, len(sizes))
			for i, size := range sizes {
				windows[i] = initial
				cl.headers(uint32(2*i+1), true, ":method: GET", ":scheme: http", ":authority: h", fmt.Sprint(":path: /", size))
			}
			whole, open := 65535, len(sizes)
			grow := func(i int) {
				n := 1 + r.IntN(1<<(1+r.IntN(17)))
				if i < 0 {
					whole += n
					cl.check(cl.WriteWindowUpdate(0, uint32(n)))
					return
				}
				windows[i] += n
				cl.check(cl.WriteWindowUpdate(uint32(2*i+1), uint32(n)))
			}
			for i := range sizes {
				grow(i)
			}
			for open > 0 {
				f, err := cl.ReadFrame()
				cl.check(err)
				switch f := f.(type) {
				case *http2.MetaHeadersFrame:
					if f.StreamEnded() {
						open--
					}
				case *http2.DataFrame:
					i, n := int(f.StreamID)/2, len(f.Data())
					windows[i] -= n
					whole -= n
					got[i] += n
					if windows[i] < 0 || whole < 0 {
						t.Fatalf("%d bytes beyond the window of stream %d, %d beyond the connection's", -windows[i], f.StreamID, -whole)
					}
					if f.StreamEnded() {
						open--
						continue
					}
					// Who has nothing left to send on could wait for ever.
					if windows[i] == 0 || r.IntN(2) == 0 {
						grow(i)
					}
					if whole < 1<<16 {
						grow(-1)
					}
				}
			}
			for i, size := range sizes {
				if got[i] != size {
					t.Errorf("stream %d had %d bytes of %d", 2*i+1, got[i], size)
				}
			}
		})
	}
}

// transport is a client of another make.
func transport(t *testing.T, handle func(*h2.Stream)) *http2.Transport {
	tr := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(context.Context, string, string, *tls.Config) (net.Conn, error) {
			client, server := pipe(t)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if err := h2.NewConn(server, nil, nil).Serve(handle); err != nil {
					t.Error(err)
				}
			}()
			t.Cleanup(func() {
				client.Close()
				<-done
			})
			return client, nil
		},
	}
	return tr
}

// TestBodiesOfAnotherClient sends bodies there and back again.
func TestBodiesOfAnotherClient(t *testing.T) {
	tr := transport(t, mirror)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			body := make([]byte, r.IntN(1<<(4+r.IntN(17))))
			for j := range body {
				body[j] = byte(r.Uint32())
			}
			req, err := http.NewRequest(http.MethodPost, "http://h/", io.NopCloser(bytes.NewReader(body)))
			if err != nil {
				t.Error(err)
				return
			}
			if i%2 == 0 {
				req.ContentLength = int64(len(body))
			}
			req.Trailer = http.Header{"X-Sum": {fmt.Sprintf("%x", sha256.Sum256(body))}}
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes of %d came back, %v", len(got), len(body), err)
			}
			if got, want := resp.Trailer.Get("X-Sum"), req.Trailer.Get("X-Sum"); got != want {
				t.Errorf("the trailer is %q and not %q", got, want)
			}
		})
	}
	all.Wait()
}

// mirror sends the body back as it comes.
func mirror(s *h2.Stream) {
	var req wire.Request
	s.TakeRequest(&req)
	s.WriteInterim(&wire.Response{Status: 103})
	s.WriteHead(&wire.Response{Status: 200, Length: wire.UnknownLength})
	buf := make([]byte, 10000)
	for {
		n, err := s.Read(buf)
		if s.WriteBody(buf[:n]) != nil {
			return
		}
		if errors.Is(err, io.EOF) {
			s.Finish(s.Trailer())
			return
		}
		if err != nil {
			return
		}
		if s.Flush() != nil {
			return
		}
	}
}

// TestRoomIsWhatTheWindowsTake asks streams for it before anything was sent on them.
func TestRoomIsWhatTheWindowsTake(t *testing.T) {
	for initial, most := range map[int]int{0: 0, 1: 1, 1000: 1000, 1 << 20: 65535} {
		room := make(chan int, 1)
		cl := dial(t, nil, func(s *h2.Stream) {
			room <- s.Room()
			s.WriteHead(&wire.Response{Status: 200, NoBody: true})
			s.Finish(nil)
		})
		cl.check(cl.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(initial)}))
		cl.headers(1, true, ":method: GET", ":scheme: http", ":authority: h", ":path: /")
		// What is queued of settings takes a little of the queue.
		if got := <-room; got > most || got < most-1000 && initial > 1000 || got != most && initial <= 1000 {
			t.Errorf("a window of %d has room for %d bytes", initial, got)
		}
	}
}
