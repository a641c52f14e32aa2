package h1

import (
	"errors"
	"syscall"
)

// partlyError is the failure of a write behind which the peer may have got some of the
// message. It is not EPIPE or ECONNRESET, whatever broke the connection: those say
// that nothing of the message was sent, so that it may be sent elsewhere.
type partlyError struct{ err error }

func (e *partlyError) Error() string { return "sent in part: " + e.err.Error() }

// Timeout keeps what net.Error says.
func (e *partlyError) Timeout() bool {
	var timeout interface{ Timeout() bool }
	return errors.As(e.err, &timeout) && timeout.Timeout()
}

// Is hides what would say that nothing was sent.
func (e *partlyError) Is(target error) bool {
	return target != syscall.EPIPE && target != syscall.ECONNRESET && errors.Is(e.err, target)
}

// note keeps count of what was sent of a message, and says so in errors.
func (o *output) note(n int, err error) error {
	o.moved = o.moved || n > 0
	if err != nil && o.moved {
		return &partlyError{err}
	}
	return err
}
