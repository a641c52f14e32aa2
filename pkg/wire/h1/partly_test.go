package h1

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// filling is a connection that takes so many bytes and then fails.
type filling struct {
	net.Conn
	takes int
	err   error
}

func (c *filling) Write(p []byte) (int, error) {
	n := min(len(p), c.takes)
	if c.takes -= n; n < len(p) {
		return n, c.err
	}
	return n, nil
}

func TestAFailureSaysWhetherSomeOfTheRequestWasSent(t *testing.T) {
	for name, tt := range map[string]struct {
		takes      int
		err        error
		is, partly bool
	}{
		"nothing was sent":              {0, syscall.EPIPE, true, false},
		"nothing was sent, reset":       {0, syscall.ECONNRESET, true, false},
		"a byte was sent":               {1, syscall.EPIPE, false, true},
		"a byte was sent, reset":        {1, os.NewSyscallError("write", syscall.ECONNRESET), false, true},
		"the head was sent":             {64, syscall.EPIPE, false, true},
		"a byte was sent, and too slow": {1, os.ErrDeadlineExceeded, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewConn(&filling{takes: tt.takes, err: tt.err}, nil)
			r := &wire.Request{Method: []byte("POST"), Authority: []byte("h"), Path: []byte("/"), Length: 5000}
			err := c.WriteRequest(r)
			if err == nil && tt.takes == 64 {
				err = c.Flush()
			}
			if err == nil {
				err = c.WriteBody(make([]byte, 5000))
			}
			if err == nil {
				err = c.Flush()
			}
			var partly *partlyError
			broken := errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, os.ErrDeadlineExceeded)
			if err == nil || broken != tt.is || errors.As(err, &partly) != tt.partly {
				t.Errorf("got %v", err)
			}
		})
	}
}
