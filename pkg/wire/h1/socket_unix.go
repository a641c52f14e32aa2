//go:build unix

package h1

import (
	"io"
	"net"
	"os"
	"syscall"
)

// bind finds the socket of nc. Only the plain types are asked for theirs: a
// type around one may do more in Read than the socket knows.
func (in *input) bind(nc net.Conn) {
	in.nc = nc
	switch plain := nc.(type) {
	case *net.TCPConn:
		in.raw, _ = plain.SyscallConn()
	case *net.UnixConn:
		in.raw, _ = plain.SyscallConn()
	}
	in.tryRead, in.tryReceive = in.read, in.take
}

// wait reads the first bytes of a message into a buffer of that size. On a socket it takes one
// only once there is something to read.
func (in *input) wait(size int) error {
	if in.raw == nil {
		return in.waitByte()
	}
	in.err, in.fresh = nil, size
	if err := in.raw.Read(in.tryRead); err != nil {
		return err
	}
	return in.err
}

// read is called by the poller: first at once, then each time that the socket
// may be readable. False means that there is nothing yet.
func (in *input) read(fd uintptr) bool {
	buf := getBuffer(in.fresh)
	n, errno := recv(fd, buf.b, 0)
	if n > 0 {
		in.buf, in.w = buf, n
		return true
	}
	putBuffer(buf)
	return in.ended(errno)
}

// ended notes why nothing was read; false means that there is nothing yet.
func (in *input) ended(errno syscall.Errno) bool {
	switch errno {
	case syscall.EAGAIN:
		return false
	case 0:
		in.err = io.EOF
	default:
		in.err = os.NewSyscallError("read", errno)
	}
	return true
}

// receive reads into p, which is not empty, as net.Conn's Read does.
func (in *input) receive(p []byte) (int, error) {
	if in.raw == nil {
		return in.nc.Read(p)
	}
	in.into, in.got, in.err = p, 0, nil
	err := in.raw.Read(in.tryReceive)
	in.into = nil
	if err != nil {
		return 0, err
	}
	return in.got, in.err
}

// take is called by the poller as read is.
func (in *input) take(fd uintptr) bool {
	n, errno := recv(fd, in.into, 0)
	if in.got = n; n > 0 {
		return true
	}
	return in.ended(errno)
}

// atOnce bounds what is written without a word to the scheduler: more takes
// longer than others should wait for.
const atOnce = 16 << 10

// transmit writes p as net.Conn's Write does.
func (o *output) transmit(in *input, p []byte) (int, error) {
	if in.raw == nil || len(p) > atOnce {
		return in.nc.Write(p)
	}
	if o.tryGive == nil {
		o.tryGive = o.give
	}
	o.from, o.fault = p, nil
	err := in.raw.Write(o.tryGive)
	n := len(p) - len(o.from)
	o.from = nil
	if err == nil {
		err = o.fault
	}
	return n, err
}

// give is called by the poller: first at once, then each time that the socket
// may be writable. False means that there is more to write.
func (o *output) give(fd uintptr) bool {
	for len(o.from) > 0 {
		n, errno := transmit(fd, o.from)
		switch errno {
		case 0:
		case syscall.EAGAIN:
			return false
		default:
			o.fault = os.NewSyscallError("write", errno)
			return true
		}
		o.from = o.from[n:]
	}
	return true
}

// silent says that the peer has neither closed nor sent anything, as far as the
// socket below nc tells.
func (in *input) silent(nc net.Conn) bool {
	raw := in.raw
	if raw == nil {
		below, ok := nc.(interface{ NetConn() net.Conn }) // tls.Conn
		if !ok {
			return true
		}
		if in.heldBack(nc) {
			return false
		}
		tcp, ok := below.NetConn().(*net.TCPConn)
		if !ok {
			return true
		}
		raw, _ = tcp.SyscallConn()
	}
	if in.tryPeek == nil {
		in.tryPeek = in.peek
	}
	in.quiet = false
	err := raw.Control(in.tryPeek)
	return err == nil && in.quiet
}

// peek looks whether there is anything to read, an end or an error included.
func (in *input) peek(fd uintptr) {
	_, errno := recv(fd, in.one[:], syscall.MSG_PEEK)
	in.quiet = errno == syscall.EAGAIN
}
