package proxy

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// socketPair returns both ends of a connection on loopback.
func socketPair(t *testing.T) (one, other net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if one, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if other, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		one.Close()
		other.Close()
	})
	return one, other
}

// openTunnel runs a tunnel between sockets; ended gets its end.
func openTunnel(t *testing.T, idle time.Duration) (tun *tunnel, client, endpoint net.Conn, ended chan bool) {
	t.Helper()
	client, ours := socketPair(t)
	theirs, endpoint := socketPair(t)
	tun = &tunnel{idle: idle}
	ended = make(chan bool, 1)
	go func() { ended <- tun.run(ours, theirs, nil, nil) }()
	return tun, client, endpoint, ended
}

func TestATunnelOfSocketsIsSpliced(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	tun, client, endpoint, ended := openTunnel(t, time.Hour)
	up, down := make([]byte, 8<<20), make([]byte, 8<<20)
	rand.Read(up)
	rand.Read(down)
	send := func(nc net.Conn, all []byte) {
		for i := range 100 { // Some small ones ahead, and some behind.
			nc.Write(all[i : i+1])
		}
		nc.Write(all[100 : len(all)-100])
		for i := len(all) - 100; i < len(all); i++ {
			nc.Write(all[i : i+1])
		}
		nc.(*net.TCPConn).CloseWrite()
	}
	got := make(chan []byte)
	go send(client, up)
	go func() {
		all, _ := io.ReadAll(endpoint)
		go send(endpoint, down) // The other half is closed by now.
		got <- all
	}()
	if !bytes.Equal(<-got, up) {
		t.Error("the endpoint got other bytes")
	}
	if all, err := io.ReadAll(client); err != nil || !bytes.Equal(all, down) {
		t.Errorf("the client got other bytes, %v", err)
	}
	if <-ended {
		t.Error("it was cut")
	}
	if in, out := tun.in.Load(), tun.out.Load(); in != int64(len(up)) || out != int64(len(down)) {
		t.Errorf("counted %d and %d bytes", in, out)
	}
	if tun.spliced.Load() == 0 {
		t.Error("nothing was spliced")
	}
}

func TestSmallMessagesAreNotSpliced(t *testing.T) {
	tun, client, endpoint, ended := openTunnel(t, time.Hour)
	go io.Copy(endpoint, endpoint)
	message := make([]byte, 4<<10)
	for range 100 {
		client.Write(message)
		if _, err := io.ReadFull(client, message); err != nil {
			t.Fatal(err)
		}
	}
	client.Close()
	endpoint.Close()
	<-ended
	if n := tun.spliced.Load(); n != 0 {
		t.Errorf("%d bytes were spliced", n)
	}
}

// slowSplice gives what it has in parts, each behind a wait for the deadline.
type slowSplice struct {
	splicer
	end   *slowEnd
	parts []int
}

func (s *slowSplice) Give() (int, error) {
	time.Sleep(time.Until(s.end.deadline))
	n := s.parts[0]
	s.parts = s.parts[1:]
	return n, os.ErrDeadlineExceeded
}

// slowEnd knows the deadline for writes.
type slowEnd struct {
	tunnelEnd
	deadline time.Time
}

func (e *slowEnd) SetWriteDeadline(at time.Time) error {
	e.deadline = at
	return nil
}

func TestWhatIsSplicedMayMoveSlowly(t *testing.T) {
	for name, c := range map[string]struct {
		parts []int
		want  bool
	}{
		"as long as something moves":           {[]int{1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 996}, true},
		"but not longer than it may be silent": {[]int{500, 0, 0, 0, 0, 0, 500}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := &slowEnd{}
				tun := &tunnel{idle: time.Minute}
				tun.moved.Store(time.Now().UnixNano())
				h := half{tunnel: tun, dst: end, count: &tun.in, splice: &slowSplice{end: end, parts: c.parts}}
				if got := h.give(1000); got != c.want || got && tun.in.Load() != 1000 {
					t.Errorf("got %v and %d bytes", got, tun.in.Load())
				}
			})
		})
	}
}

func TestATunnelWhosePeerDoesNotReadEnds(t *testing.T) {
	_, client, _, ended := openTunnel(t, 200*time.Millisecond)
	go client.Write(make([]byte, 32<<20))
	<-ended
	client.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
