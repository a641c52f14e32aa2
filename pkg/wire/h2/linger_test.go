package h2_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// halves is a connection whose server may end its own direction alone, as a socket's does.
type halves struct{ net.Conn }

func (halves) CloseWrite() error { return nil }

// TestFloodIsNotRead floods a connection beyond what it bears: of what comes behind that nothing is read, and the
// connection is closed soon.
func TestFloodIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		conn := h2.NewConn(halves{theirs}, nil, nil)
		served := make(chan error, 1)
		go func() { served <- conn.Serve(echo) }()
		goAway := make(chan struct{})
		go func() {
			frames := http2.NewFramer(nil, ours)
			for {
				f, err := frames.ReadFrame()
				if err != nil {
					return
				}
				if f.Header().Type == http2.FrameGoAway {
					close(goAway)
				}
			}
		}()
		if _, err := ours.Write([]byte(h2.Preface)); err != nil {
			t.Fatal(err)
		}
		frames := http2.NewFramer(ours, nil)
		if err := frames.WriteSettings(); err != nil {
			t.Fatal(err)
		}
		for told := false; !told; {
			if err := frames.WritePing(false, [8]byte{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // The frame's consequences come before the next one.
			select {
			case <-goAway:
				told = true
			default:
			}
		}
		begin := time.Now()
		if err := frames.WritePing(false, [8]byte{}); err == nil {
			t.Error("a frame was read behind GOAWAY")
		}
		if waited := time.Since(begin); waited <= 0 || waited > time.Second {
			t.Errorf("closed after %v", waited)
		}
		var fault *h2.ConnError
		if err := <-served; !errors.As(err, &fault) || fault.Code != h2.EnhanceYourCalm {
			t.Errorf("ended with %v", err)
		}
	})
}
