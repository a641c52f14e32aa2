package proxy

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAcceptedConnectionsAreKeptAlive asks a connection for what it got from the listening socket.
func TestAcceptedConnectionsAreKeptAlive(t *testing.T) {
	ln, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		for name, o := range map[string]struct{ level, option, want int }{
			"keep-alive": {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			"idle":       {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 60},
			"interval":   {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
			"probes":     {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3},
			"unsent":     {unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent},
			"no delay":   {unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		} {
			if got, err := unix.GetsockoptInt(int(fd), o.level, o.option); err != nil || got != o.want {
				t.Errorf("%s is %d, want %d (%v)", name, got, o.want, err)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}
