package h2_test

import (
	"testing"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// TestDrainLosesNoStream ends a connection while one stream is served and
// another is on its way.
func TestDrainLosesNoStream(t *testing.T) {
	arrived, release := make(chan *h2.Conn, 1), make(chan struct{})
	cl := dial(t, nil, func(s *h2.Stream) {
		arrived <- s.Conn()
		<-release
		echo(s)
	})
	cl.headers(1, true, get()...)
	(<-arrived).Drain()
	first := cl.await(isGoAway).(*http2.GoAwayFrame)
	if first.LastStreamID != 1<<31-1 || first.ErrCode != http2.ErrCodeNo {
		t.Errorf("the first GOAWAY is %v", first)
	}
	cl.headers(3, true, get()...) // The client has not seen it yet.
	<-arrived
	ping := cl.await(func(f http2.Frame) bool { return f.Header().Type == http2.FramePing }).(*http2.PingFrame)
	cl.check(cl.WritePing(true, ping.Data))
	second := cl.await(isGoAway).(*http2.GoAwayFrame)
	if second.LastStreamID != 3 || second.ErrCode != http2.ErrCodeNo {
		t.Errorf("the second GOAWAY is %v", second)
	}
	cl.headers(5, true, get()...) // It knows that this is for nobody.
	close(release)
	answers := map[uint32]bool{}
	cl.await(func(f http2.Frame) bool {
		if data, ok := f.(*http2.DataFrame); ok && data.StreamEnded() {
			answers[data.StreamID] = true
		}
		return false
	})
	if !answers[1] || !answers[3] || answers[5] {
		t.Errorf("answered were %v", answers)
	}
	cl.nc.Close()
	if err := cl.end(); err != nil {
		t.Error(err)
	}
}

func TestDrainOfAnIdleConnection(t *testing.T) {
	conns := make(chan *h2.Conn, 1)
	cl := dial(t, nil, func(s *h2.Stream) {
		echo(s)
		conns <- s.Conn()
	})
	cl.headers(1, true, get()...)
	if got := cl.answer(1); got.status != "200 " {
		t.Errorf("got %+v", got)
	}
	(<-conns).Drain() // Its PING gets no answer.
	cl.await(isGoAway)
	cl.await(isGoAway)
	if f := cl.await(func(http2.Frame) bool { return true }); f != nil {
		t.Errorf("got %v", f)
	}
	cl.nc.Close()
	if err := cl.end(); err != nil {
		t.Error(err)
	}
}

func isGoAway(f http2.Frame) bool { return f.Header().Type == http2.FrameGoAway }
