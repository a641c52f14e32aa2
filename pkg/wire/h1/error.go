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

// The faults, made once: a refused message costs no memory.
var (
	// Lines.
	errEmptyLine = &Error{400, "empty-line"} // an empty line too many before a message
	errBareLF    = &Error{400, "bare-lf"}
	errBareCR    = &Error{400, "bare-cr"}
	// Start lines.
	errRequestLine   = &Error{400, "request-line"}
	errMethod        = &Error{400, "method"}
	errMethodTooLong = &Error{501, "method-too-long"}
	errVersionSyntax = &Error{400, "version-syntax"}
	errVersion       = &Error{505, "version"}
	errStatusLine    = &Error{502, "status-line"}
	// Targets.
	errTarget         = &Error{400, "target"}
	errTargetTooLong  = &Error{414, "target-too-long"}
	errTargetForm     = &Error{400, "target-form"} // a form that does not go with the method
	errTargetConflict = &Error{400, "target-conflicts-with-host"}
	// Field lines.
	errHeadTooLarge     = &Error{431, "head-too-large"}
	errTooManyFields    = &Error{431, "too-many-fields"}
	errObsFold          = &Error{400, "obs-fold"}
	errNameEmpty        = &Error{400, "name-empty"}
	errName             = &Error{400, "name"}
	errSpaceBeforeColon = &Error{400, "space-before-colon"}
	errNoColon          = &Error{400, "no-colon"}
	errValue            = &Error{400, "value"}
	// Fields that the codec handles.
	errHostMissing      = &Error{400, "host-missing"}
	errHostDuplicate    = &Error{400, "host-duplicate"}
	errHost             = &Error{400, "host"}
	errLength           = &Error{400, "content-length"}
	errLengthDuplicate  = &Error{400, "content-length-duplicate"}
	errLengthAndCoding  = &Error{400, "content-length-and-transfer-encoding"}
	errCoding           = &Error{400, "transfer-encoding"}
	errCodingDuplicate  = &Error{400, "transfer-encoding-duplicate"}
	errCodingUnknown    = &Error{501, "transfer-encoding-unknown"}
	errCodingInHTTP10   = &Error{400, "transfer-encoding-in-http10"}
	errFramingForbidden = &Error{400, "framing-forbidden"} // a message that has no content announces some
	errConnection       = &Error{400, "connection"}
	errUpgrade          = &Error{400, "upgrade"}
	errExpectation      = &Error{417, "expectation"}
	// Chunks and trailers.
	errChunkSize        = &Error{400, "chunk-size"}
	errChunkSizeLarge   = &Error{400, "chunk-size-too-large"}
	errChunkExt         = &Error{400, "chunk-extension"}
	errChunkExtLong     = &Error{400, "chunk-extension-too-long"}
	errChunkEnd         = &Error{400, "chunk-end"} // chunk data not followed by CRLF
	errTrailerTooLarge  = &Error{431, "trailer-too-large"}
	errTrailerForbidden = &Error{400, "trailer-forbidden"} // a trailer of a request that frames, directs or identifies
)
