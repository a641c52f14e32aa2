package l4

import (
	"net"
	"sync"
	"syscall"
)

// datagram is one that was received, in a buffer that others use after release.
type datagram struct {
	buffer *[maxDatagram]byte
	n      int
}

var datagrams = sync.Pool{New: func() any { return new([maxDatagram]byte) }}

func (d datagram) bytes() []byte { return d.buffer[:d.n] }
func (d datagram) release()      { datagrams.Put(d.buffer) }

// receive waits for a datagram. Sessions are silent most of the time, so the buffer is
// taken only when there is one.
func receive(conn *net.UDPConn) (datagram, error) {
	d := datagram{}
	raw, err := conn.SyscallConn()
	if err != nil {
		return d, err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		d.buffer = datagrams.Get().(*[maxDatagram]byte)
		for {
			d.n, failed = syscall.Read(int(fd), d.buffer[:])
			if failed != syscall.EINTR {
				break
			}
		}
		if failed == nil {
			return true
		}
		d.release()
		return failed != syscall.EAGAIN
	})
	if err == nil {
		err = failed
	}
	return d, err
}
