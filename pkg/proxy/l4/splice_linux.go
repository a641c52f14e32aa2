package l4

import (
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// spliceLeast is how many bytes must have come to be worth a pipe.
	spliceLeast = 16 << 10
	// pipeSize is how much goes at once.
	pipeSize = 256 << 10
	// maxPipes bounds the pipes that hold bytes, for each may do so as long as a peer does not read;
	// idlePipes is how many are kept for the next one.
	maxPipes, idlePipes = 64, 4
)

// Splice moves bytes from one socket of TCP to another within the kernel. One goroutine uses it.
type Splice struct {
	src, dst syscall.RawConn
	// pipe is there while it holds something, which is held bytes.
	pipe *pipe
	held int
	// ready is how many bytes the source has, given how many the last Give has moved.
	ready, given int
	err          error
	// The callbacks of the poller, bound once.
	onReady, onGive func(fd uintptr) bool
	onTake          func(fd uintptr)
}

// NewSplice returns nil where one of the ends is no socket of TCP, or has bytes that were read already.
func NewSplice(dst, src any) *Splice {
	s := &Splice{src: socketOf(src), dst: socketOf(dst)}
	if s.src == nil || s.dst == nil {
		return nil
	}
	s.onReady, s.onGive, s.onTake = s.count, s.give, s.take
	return s
}

// socketOf returns the socket of TCP that end is, nil for another thing.
func socketOf(end any) syscall.RawConn {
	if r, ok := end.(*replayed); ok {
		if len(r.first) > 0 {
			return nil
		}
		end = r.Conn
	}
	tcp, ok := end.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// Take waits until the source has something, as reading does, and takes as much of it as is there
// already. It returns how many bytes; 0 without an error means that it is too little, an end or a failure,
// and that reading does not block now. All that was taken must have been given before.
func (s *Splice) Take() (int, error) {
	if err := s.src.Read(s.onReady); err != nil {
		return 0, err
	}
	if s.ready < spliceLeast {
		return 0, nil
	}
	if s.pipe = takePipe(); s.pipe == nil {
		return 0, nil
	}
	if err := s.src.Control(s.onTake); err != nil {
		s.held = 0
	}
	if s.held == 0 {
		s.Release()
	}
	return s.held, nil
}

// count is called by the poller: first at once, then each time that there may be something to read.
func (s *Splice) count(fd uintptr) bool {
	n, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	if s.ready = n; err != nil || n > 0 {
		return true
	}
	var one [1]byte
	_, _, err = unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.EAGAIN
}

// take fills the pipe.
func (s *Splice) take(fd uintptr) {
	n, err := unix.Splice(int(fd), nil, s.pipe.w, nil, pipeSize, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	if s.held = int(n); err != nil {
		s.held = 0 // Reading will tell.
	}
}

// Give writes what was taken, as writing does, and returns how much of it. After a timeout the rest may be given
// by another call.
func (s *Splice) Give() (int, error) {
	s.given, s.err = 0, nil
	err := s.dst.Write(s.onGive)
	if err == nil {
		err = s.err
	}
	s.held -= s.given
	if s.held == 0 {
		s.Release()
	}
	return s.given, err
}

// give is called by the poller as count is, each time that there may be room.
func (s *Splice) give(fd uintptr) bool {
	for s.given < s.held {
		n, err := unix.Splice(s.pipe.r, nil, int(fd), nil, s.held-s.given, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		switch {
		case err == nil && n > 0:
			s.given += int(n)
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return false
		case err == nil:
			s.err = os.NewSyscallError("splice", unix.EPIPE)
			return true
		default:
			s.err = os.NewSyscallError("splice", err)
			return true
		}
	}
	return true
}

// Release gives the pipe back. What it holds is lost.
func (s *Splice) Release() {
	if s.pipe == nil {
		return
	}
	givePipe(s.pipe, s.held == 0)
	s.pipe, s.held = nil, 0
}

// pipe is one of the kernel's.
type pipe struct{ r, w int }

var pipes struct {
	mu   sync.Mutex
	idle []*pipe
	used int
}

// takePipe returns an empty pipe, nil where there may be no more of them.
func takePipe() *pipe {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	if pipes.used == maxPipes {
		return nil
	}
	if n := len(pipes.idle); n > 0 {
		p := pipes.idle[n-1]
		pipes.idle = pipes.idle[:n-1]
		pipes.used++
		return p
	}
	var fds [2]int
	if unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil
	}
	// A smaller one does as well, in smaller steps.
	_, _ = unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, pipeSize)
	pipes.used++
	return &pipe{fds[0], fds[1]}
}

// givePipe keeps the pipe where it is empty and few are kept.
func givePipe(p *pipe, empty bool) {
	pipes.mu.Lock()
	defer pipes.mu.Unlock()
	pipes.used--
	if empty && len(pipes.idle) < idlePipes {
		pipes.idle = append(pipes.idle, p)
		return
	}
	_, _ = unix.Close(p.r), unix.Close(p.w)
}
