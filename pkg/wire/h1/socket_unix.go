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
	in.tryRead = in.read
}

// wait reads the first bytes of a message. On a socket it takes a buffer only
// once there is something to read.
func (in *input) wait() error {
	if in.raw == nil {
		return in.waitByte()
	}
	in.err = nil
	if err := in.raw.Read(in.tryRead); err != nil {
		return err
	}
	return in.err
}

// read is called by the poller: first at once, then each time that the socket
// may be readable. False means that there is nothing yet.
func (in *input) read(fd uintptr) bool {
	buf := getBuffer(smallSize)
	n, err := syscall.Read(int(fd), buf.b)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), buf.b)
	}
	if n > 0 {
		in.buf, in.w = buf, n
		return true
	}
	putBuffer(buf)
	switch err {
	case syscall.EAGAIN:
		return false
	case nil:
		in.err = io.EOF
	default:
		in.err = os.NewSyscallError("read", err)
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
	_, _, err := syscall.Recvfrom(int(fd), in.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	in.quiet = err == syscall.EAGAIN || err == syscall.EINTR
}
