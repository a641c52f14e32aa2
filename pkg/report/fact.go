package report

import (
	"fmt"
	"strings"
)

// Severity says what a fact means for the object that it is about.
type Severity uint8

const (
	// Info is worth knowing and asks for nothing, such as an object of another class.
	Info Severity = iota
	// Warning means that the object works, though not quite as it is written.
	Warning
	// Error means that the part of the object that the field names does not work.
	Error
)

// String returns the severity in lower case.
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// Reason is a machine-readable word in CamelCase, stable across releases; it
// becomes the reason of a condition or of an Event.
type Reason string

// The reasons in use. A reason that the Gateway API names keeps its name.
const (
	// Invalid: a value breaks the rules of its field.
	Invalid Reason = "Invalid"
	// UnknownField: the object has a field that its kind does not have.
	UnknownField Reason = "UnknownField"
	// Unparsable: the text is no manifest at all.
	Unparsable Reason = "Unparsable"
	// Unsupported: the value is valid, but Sluice cannot do what it asks for.
	Unsupported Reason = "UnsupportedValue"
	// Conflict: another object claimed the same thing first.
	Conflict Reason = "Conflicted"
	// BackendNotFound: a Service, or a port of it, does not exist.
	BackendNotFound Reason = "BackendNotFound"
	// SecretNotFound: a Secret, or a key in it, does not exist.
	SecretNotFound Reason = "SecretNotFound"
	// ConfigMapNotFound: a ConfigMap, or a key in it, does not exist.
	ConfigMapNotFound Reason = "ConfigMapNotFound"
	// InvalidCertificate: a Secret does not hold a usable certificate.
	InvalidCertificate Reason = "InvalidCertificateRef"
	// CertificateExpired: a certificate is served although its time is over.
	CertificateExpired Reason = "CertificateExpired"
	// CertificateMismatch: a certificate does not cover the host that names it.
	CertificateMismatch Reason = "CertificateMismatch"
	// NoVersion: a label that versions are taken from is not on the Pods.
	NoVersion Reason = "NoVersion"
	// InvalidStaple: a response of OCSP cannot be served, or is missed.
	InvalidStaple Reason = "InvalidOCSPStaple"
	// NoEndpoints: an upstream has no endpoint that may be sent requests.
	NoEndpoints Reason = "NoEndpoints"
	// OtherClass: the object belongs to another controller.
	OtherClass Reason = "OtherClass"
	// RefNotPermitted: a reference crosses namespaces and no ReferenceGrant allows it.
	RefNotPermitted Reason = "RefNotPermitted"
	// KeptLastGood: the object's new text is broken, so its last good text is served.
	KeptLastGood Reason = "KeptLastGood"
	// EndpointsNotVerified: endpoints are spoken with over TLS and need not prove who they are.
	EndpointsNotVerified Reason = "EndpointsNotVerified"
	// Suspended: a part of the object is out of service because it says so.
	Suspended Reason = "Suspended"
	// Internal: Sluice failed, not the user.
	Internal Reason = "InternalError"
)

// Fact is one complaint or note about one field of one object.
type Fact struct {
	// Origin is the object that the fact is about.
	Origin Origin
	// Field is the path of the field as kubectl writes it, such as
	// "spec.rules[0].http.paths[1].backend"; empty for the object as a whole.
	// Annotations are written metadata.annotations[NAME].
	Field string
	// Severity says whether the part works all the same.
	Severity Severity
	// Reason is the machine's word for it.
	Reason Reason
	// Message is one sentence for a person, without the object's or the field's
	// name in front, without a line break.
	Message string
}

// String returns the fact as one line: severity, origin, field, message, reason.
func (f Fact) String() string {
	var b strings.Builder
	b.WriteString(f.Severity.String())
	b.WriteString(": ")
	b.WriteString(f.Origin.String())
	if f.Field != "" {
		b.WriteString(": ")
		b.WriteString(f.Field)
	}
	b.WriteString(": ")
	b.WriteString(f.Message)
	b.WriteString(" (")
	b.WriteString(string(f.Reason))
	b.WriteString(")")
	return b.String()
}

// Compare orders facts by origin, field, severity (worst first), reason and message.
func (f Fact) Compare(g Fact) int {
	if c := f.Origin.Compare(g.Origin); c != 0 {
		return c
	}
	if c := strings.Compare(f.Field, g.Field); c != 0 {
		return c
	}
	if f.Severity != g.Severity {
		return int(g.Severity) - int(f.Severity)
	}
	if c := strings.Compare(string(f.Reason), string(g.Reason)); c != 0 {
		return c
	}
	return strings.Compare(f.Message, g.Message)
}
