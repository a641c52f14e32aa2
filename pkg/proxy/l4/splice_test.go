//go:build linux

package l4

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// tcpPair returns both ends of a connection on loopback.
func tcpPair(t *testing.T) (one, other *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialed, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dialed.Close()
		accepted.Close()
	})
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// used returns how many pipes hold something, and how many are kept.
func used() (busy, idle int) {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	return pipes.used, len(pipes.idle)
}

// takeAll takes until something large enough has come.
func takeAll(t *testing.T, s *Splice) int {
	t.Helper()
	for {
		n, err := s.Take()
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return n
		}
	}
}

func TestSpliceMovesWhatIsThere(t *testing.T) {
	from, src := tcpPair(t)
	dst, to := tcpPair(t)
	s := NewSplice(dst, src)
	random := make([]byte, 4<<20)
	rand.Read(random)
	go func() {
		from.Write(random)
		from.CloseWrite()
	}()
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(to)
		got <- all
	}()
	spliced := 0
	for {
		n, err := s.Take()
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 { // What is left is little, or the end.
			var b [spliceLeast]byte
			n, err := src.Read(b[:])
			dst.Write(b[:n])
			if errors.Is(err, io.EOF) {
				break
			}
			continue
		}
		if busy, _ := used(); busy != 1 {
			t.Errorf("%d pipes are in use", busy)
		}
		given, err := s.Give()
		if given != n || err != nil {
			t.Fatalf("gave %d of %d, %v", given, n, err)
		}
		spliced += n
		if busy, idle := used(); busy != 0 || idle > idlePipes {
			t.Errorf("%d pipes are in use and %d are kept", busy, idle)
		}
	}
	dst.CloseWrite()
	if all := <-got; !bytes.Equal(all, random) {
		t.Errorf("%d bytes came, or others", len(all))
	}
	if spliced < spliceLeast {
		t.Errorf("only %d bytes were spliced", spliced)
	}
}

func TestSpliceTakesNothingOfLittle(t *testing.T) {
	from, src := tcpPair(t)
	dst, _ := tcpPair(t)
	s := NewSplice(dst, src)
	from.Write(make([]byte, 100))
	if n, err := s.Take(); n != 0 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	io.ReadFull(src, make([]byte, 100))
	from.CloseWrite()
	if n, err := s.Take(); n != 0 || err != nil {
		t.Errorf("took %d, %v of an end", n, err)
	}
	src.SetReadDeadline(time.Unix(1, 0))
	if n, err := s.Take(); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("took %d, %v behind the deadline", n, err)
	}
}

func TestSpliceGoesOnBehindATimeout(t *testing.T) {
	from, src := tcpPair(t)
	dst, to := tcpPair(t)
	dst.SetWriteBuffer(4 << 10)
	s := NewSplice(dst, src)
	random := make([]byte, 16<<20)
	rand.Read(random)
	go from.Write(random)
	// Until nobody takes any more, and what was taken last is still in the pipe.
	given, want := 0, 0
	for {
		n := takeAll(t, s)
		want += n
		dst.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		m, err := s.Give()
		given += m
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if busy, _ := used(); busy != 1 {
		t.Errorf("%d pipes are in use", busy)
	}
	dst.SetWriteDeadline(time.Time{})
	got := make(chan []byte)
	go func() {
		all := make([]byte, want)
		io.ReadFull(to, all)
		got <- all
	}()
	m, err := s.Give()
	if given += m; given != want || err != nil {
		t.Errorf("gave %d of %d, %v", given, want, err)
	}
	if !bytes.Equal(<-got, random[:want]) {
		t.Error("other bytes came")
	}
	if busy, _ := used(); busy != 0 {
		t.Errorf("%d pipes are in use", busy)
	}
}

func TestPipesAreBounded(t *testing.T) {
	var taken []*pipe
	for range maxPipes {
		p := takePipe()
		if p == nil {
			t.Fatalf("no pipe behind %d", len(taken))
		}
		taken = append(taken, p)
	}
	if takePipe() != nil {
		t.Error("there is one more")
	}
	for i, p := range taken {
		givePipe(p, i%2 == 0)
	}
	if busy, idle := used(); busy != 0 || idle != idlePipes {
		t.Errorf("%d pipes are in use and %d are kept", busy, idle)
	}
}

func TestSpliceIsForPlainSockets(t *testing.T) {
	one, _ := tcpPair(t)
	memory, _ := net.Pipe()
	for name, c := range map[string]struct {
		dst, src net.Conn
		want     bool
	}{
		"sockets":                           {one, one, true},
		"one that was replayed":             {one, Replay(one, nil), true},
		"one with bytes that were read":     {one, Replay(one, []byte("x")), false},
		"what is no socket, to be read":     {one, memory, false},
		"what is no socket, to be written":  {memory, one, false},
		"what is no socket behind a replay": {one, Replay(memory, nil), false},
	} {
		if got := NewSplice(c.dst, c.src) != nil; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
