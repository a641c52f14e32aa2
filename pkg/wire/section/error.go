package section

// Error says that a head was refused, though it is well formed. The caller answers with Status.
type Error struct {
	// Status is the status to answer with: 400, 414, 417, 431, 501.
	Status int
	// Fault is the class of the fault, a few lower-case words joined by "-", such as "too-many-fields".
	Fault string
}

// Error returns the fault as a text for a log.
func (e *Error) Error() string { return "refused head: " + e.Fault }

// The refusals, made once.
var (
	errHeadTooLarge  = &Error{431, "head-too-large"}
	errTooManyFields = &Error{431, "too-many-fields"}
	errTargetTooLong = &Error{414, "target-too-long"}
	errTarget        = &Error{400, "target"}
	errTargetForm    = &Error{400, "target-form"}
	errHost          = &Error{400, "host"}
	errHostMissing   = &Error{400, "host-missing"}
	errHostConflict  = &Error{400, "host-conflicts-with-authority"}
	errExpectation   = &Error{417, "expectation"}
	errProtocol      = &Error{501, "protocol"}
)
