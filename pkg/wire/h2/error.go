package h2

import (
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Code is an error code of RFC 9113 section 7.
type Code uint32

// The error codes.
const (
	NoError Code = iota
	ProtocolError
	InternalError
	FlowControlError
	SettingsTimeout
	StreamClosed
	FrameSizeError
	RefusedStream
	Cancel
	CompressionError
	ConnectError
	EnhanceYourCalm
	InadequateSecurity
	HTTP11Required
)

// Error says that a head was refused, though it is well formed. The caller answers with Status.
type Error = section.Error

// ConnError is why a connection was ended by us.
type ConnError struct {
	// Code is what GOAWAY said.
	Code Code
	// Fault is the class of the fault, as in Error.
	Fault string
}

// Error returns the fault as a text for a log.
func (e *ConnError) Error() string {
	return fmt.Sprintf("ended HTTP/2 connection: %s (code %d)", e.Fault, e.Code)
}

// Errors of a stream.
var (
	// ErrReset means that the peer has reset the stream.
	ErrReset = errors.New("h2: the peer has reset the stream")
	// ErrMalformed means that the peer broke a rule on the stream, and that it was reset for that.
	ErrMalformed = errors.New("h2: the message is malformed")
	// ErrClosed means that the stream is over, because its connection is or because we have reset it.
	ErrClosed = errors.New("h2: the stream is over")
	// ErrRefused means that an endpoint has done nothing with the request of the stream, so
	// that it may be sent again (RFC 9113 section 8.7), whatever its method.
	ErrRefused = errors.New("h2: the endpoint has not looked at the request")
	// ErrUpgrade means that a request asks for a switch of protocols that the endpoint does not take as an
	// extended CONNECT, or that none can say. Nothing of it was written.
	ErrUpgrade = errors.New("h2: protocols cannot be switched")
	// ErrTooLong means that more bytes were written than the head announced.
	ErrTooLong = errors.New("h2: body is longer than its announced length")
	// ErrTooShort means that fewer bytes were written than the head announced.
	ErrTooShort = errors.New("h2: body is shorter than its announced length")
	// ErrInvalidHead means that a head or trailer section to be written holds bytes
	// that no field may hold. Nothing of it was written.
	ErrInvalidHead = errors.New("h2: head holds bytes that must not be written")
)

// The ends of connections, made once.
var (
	connPreface      = &ConnError{ProtocolError, "preface"}
	connFirstFrame   = &ConnError{ProtocolError, "no-settings-first"}
	connFrameSize    = &ConnError{FrameSizeError, "frame-size"}
	connStreamID     = &ConnError{ProtocolError, "stream-identifier"}
	connIdleStream   = &ConnError{ProtocolError, "frame-on-idle-stream"}
	connClosedStream = &ConnError{StreamClosed, "frame-on-closed-stream"}
	connPadding      = &ConnError{ProtocolError, "padding"}
	connContinuation = &ConnError{ProtocolError, "continuation"}
	connPushPromise  = &ConnError{ProtocolError, "push-promise"}
	connSettings     = &ConnError{ProtocolError, "settings"}
	connWindowSize   = &ConnError{FlowControlError, "initial-window-size"}
	connWindow       = &ConnError{FlowControlError, "window"}
	connIncrement    = &ConnError{ProtocolError, "window-increment"}
	connCompression  = &ConnError{CompressionError, "compression"}
	connBlock        = &ConnError{EnhanceYourCalm, "field-section-too-large"}
	connResets       = &ConnError{EnhanceYourCalm, "too-many-resets"}
	connGlitches     = &ConnError{EnhanceYourCalm, "too-many-idle-frames"}
	connSlow         = &ConnError{NoError, "slow-frame"}
)
