package h3

import (
	"errors"
	"fmt"

	"github.com/quic-go/quic-go"

	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Code is an error code of RFC 9114 section 8.1 or RFC 9204 section 6.
type Code uint64

// The error codes.
const (
	NoError              Code = 0x100
	GeneralProtocolError Code = 0x101
	InternalError        Code = 0x102
	StreamCreationError  Code = 0x103
	ClosedCriticalStream Code = 0x104
	FrameUnexpected      Code = 0x105
	FrameError           Code = 0x106
	ExcessiveLoad        Code = 0x107
	IDError              Code = 0x108
	SettingsError        Code = 0x109
	MissingSettings      Code = 0x10a
	RequestRejected      Code = 0x10b
	RequestCancelled     Code = 0x10c
	RequestIncomplete    Code = 0x10d
	MessageError         Code = 0x10e
	DecompressionFailed  Code = 0x200
	EncoderStreamError   Code = 0x201
	DecoderStreamError   Code = 0x202
)

// Error says that a head was refused, though it is well formed. The caller answers with Status.
type Error = section.Error

// ConnError is why a connection was ended by us.
type ConnError struct {
	// Code is what the client was told.
	Code Code
	// Fault is the class of the fault, as in Error.
	Fault string
}

// Error returns the fault as a text for a log.
func (e *ConnError) Error() string {
	return fmt.Sprintf("ended HTTP/3 connection: %s (code %#x)", e.Fault, uint64(e.Code))
}

// Errors of a stream.
var (
	// ErrReset means that the client has reset the stream, or has gone.
	ErrReset = errors.New("h3: the client has reset the stream")
	// ErrMalformed means that the client broke a rule on the stream, and that it was reset for that.
	ErrMalformed = errors.New("h3: the message is malformed")
	// ErrTooLong means that more bytes were written than the head announced.
	ErrTooLong = errors.New("h3: body is longer than its announced length")
	// ErrTooShort means that fewer bytes were written than the head announced.
	ErrTooShort = errors.New("h3: body is shorter than its announced length")
	// ErrInvalidHead means that a head or trailer section to be written holds bytes
	// that no field may hold. Nothing of it was written.
	ErrInvalidHead = errors.New("h3: head holds bytes that must not be written")
)

// The ends of connections, made once.
var (
	connFrameUnexpected = &ConnError{FrameUnexpected, "frame-unexpected"}
	connFrameTruncated  = &ConnError{FrameError, "frame-truncated"}
	connFrameSize       = &ConnError{FrameError, "frame-size"}
	connCompression     = &ConnError{DecompressionFailed, "compression"}
	connEncoderStream   = &ConnError{EncoderStreamError, "encoder-stream"}
	connDecoderStream   = &ConnError{DecoderStreamError, "decoder-stream"}
	connSecondStream    = &ConnError{StreamCreationError, "second-critical-stream"}
	connPush            = &ConnError{StreamCreationError, "push-stream"}
	connCritical        = &ConnError{ClosedCriticalStream, "critical-stream-closed"}
	connNoSettings      = &ConnError{MissingSettings, "no-settings-first"}
	connSettings        = &ConnError{SettingsError, "settings"}
	connID              = &ConnError{IDError, "identifier"}
	connResets          = &ConnError{ExcessiveLoad, "too-many-resets"}
	connGlitches        = &ConnError{ExcessiveLoad, "too-many-idle-frames"}
	connStart           = &ConnError{StreamCreationError, "no-control-stream"}
)

// ofStream maps an error of a QUIC stream: a reset, or the end of the connection. Deadlines stay as they are.
func ofStream(err error) error {
	var reset *quic.StreamError
	var timeout interface{ Timeout() bool }
	var idle *quic.IdleTimeoutError
	switch {
	case errors.As(err, &reset), errors.As(err, &idle):
		return ErrReset
	case errors.As(err, &timeout) && timeout.Timeout():
		return err
	}
	return ErrReset
}
