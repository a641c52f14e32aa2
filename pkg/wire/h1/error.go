package h1

import "errors"

// Error says that a message was refused. Nothing more can be read from the
// connection: the caller answers with Status, where it can, and closes.
type Error struct {
	// Status is the status to answer with: 400, 414, 417, 431, 501 or 505 for a
	// request, 502 for a response.
	Status int
	// Fault is the class of the fault, a few lower-case words joined by "-", such as "bare-lf".
	Fault string
}

// Error returns the fault as a text for a log.
func (e *Error) Error() string { return "refused HTTP/1 message: " + e.Fault }

// Errors of the caller, as opposed to faults of the peer.
var (
	// ErrBodyPending means that a head was asked for before the message ahead of it was read to its end.
	ErrBodyPending = errors.New("h1: the body of the message before has not been read")
	// ErrTooLong means that more bytes were written than the head announced.
	ErrTooLong = errors.New("h1: body is longer than its announced length")
	// ErrTooShort means that fewer bytes were written than the head announced.
	ErrTooShort = errors.New("h1: body is shorter than its announced length")
	// ErrInvalidHead means that a head or a trailer to be written holds bytes that
	// would change its framing (CR, LF, NUL, a name that is no token). Nothing of it was written.
	ErrInvalidHead = errors.New("h1: head holds bytes that must not be written")
)
