package l4

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestSessionsAreBounded(t *testing.T) {
	for name, c := range map[string]struct{ all, source int }{
		"in all":         {2, 10},
		"for one source": {10, 2},
	} {
		t.Run(name, func(t *testing.T) {
			local := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
			endpoint, err := net.ListenUDP("udp4", local)
			if err != nil {
				t.Fatal(err)
			}
			defer endpoint.Close()
			socket, err := net.ListenUDP("udp4", local)
			if err != nil {
				t.Fatal(err)
			}
			refused := make(chan error, 1)
			p := &Packets{
				Socket: socket, MaxSessions: c.all, MaxPerSource: c.source,
				Open: func(netip.AddrPort) (Destination, error) {
					conn, err := net.DialUDP("udp4", nil, endpoint.LocalAddr().(*net.UDPAddr))
					return Destination{Conn: conn, Idle: time.Hour, Current: func() bool { return true }, End: func(int64, int64) {}}, err
				},
				Refused: func(_ netip.AddrPort, err error) { refused <- err },
			}
			ended := make(chan error, 1)
			go func() { ended <- p.Serve() }()
			for range 3 {
				client, err := net.DialUDP("udp4", nil, socket.LocalAddr().(*net.UDPAddr))
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				client.Write([]byte("x"))
			}
			if err := <-refused; !errors.Is(err, ErrTooManySessions) {
				t.Errorf("refused for %v", err)
			}
			if n := p.Sessions(); n != 2 {
				t.Errorf("%d sessions", n)
			}
			p.Close()
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Serve returns %v", err)
			}
		})
	}
}
