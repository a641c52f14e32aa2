package proxy

import (
	"net"
	"syscall"
	"time"
)

// tcpEstablished is the state of a connection that neither side has ended
// (tcpi_state, the first byte of TCP_INFO).
const tcpEstablished = 1

// watchSocket closes gone when the other side has ended its half of the
// connection or all of it, without reading what else it sent. gone is nil where
// that cannot be known. The read deadline is 0 after stop.
func watchSocket(nc net.Conn) (gone <-chan struct{}, stop func()) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil || tcp.SetReadDeadline(time.Time{}) != nil {
		return nil, nil
	}
	left, ended := make(chan struct{}), make(chan struct{})
	stopping := make(chan struct{})
	// The goroutine ends when the client leaves, or by stop.
	go func() {
		defer close(ended)
		// The poller calls again each time that something has come.
		_ = raw.Read(func(fd uintptr) bool {
			info, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
			return err != nil || info&0xff != tcpEstablished
		})
		select {
		case <-stopping:
		default:
			close(left)
		}
	}()
	return left, func() {
		close(stopping)
		_ = tcp.SetReadDeadline(past)
		<-ended
		_ = tcp.SetReadDeadline(time.Time{})
	}
}
