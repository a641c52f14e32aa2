package proxy

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// listenConfig leaves options to the listening socket, from which Linux copies
// them to those that it accepts (tcp(7)).
var listenConfig = plainTCP(net.ListenConfig{KeepAlive: -1, KeepAliveConfig: net.KeepAliveConfig{}, Control: inherited})

// plainTCP listens without Multipath TCP, whose sockets keep some options to themselves.
func plainTCP(c net.ListenConfig) *net.ListenConfig {
	c.SetMultipathTCP(false)
	return &c
}

func inherited(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(keepAliveIdle.Seconds())),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(keepAliveInterval.Seconds())),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveProbes),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent),
		)
	})
	return errors.Join(err, failed)
}
