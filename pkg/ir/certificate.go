package ir

import (
	"log/slog"

	"github.com/sluice-dev/sluice/pkg/report"
)

// Certificate is a chain with its private key, checked by the translator to fit
// one another.
type Certificate struct {
	// Name is unique in a Config: "NAMESPACE/SECRET".
	Name string
	// Origin is the Secret.
	Origin report.Origin
	// ChainPEM is the certificate chain, leaf first.
	ChainPEM []byte
	// KeyPEM is the private key. It must never be printed.
	KeyPEM Secret
	// Fingerprint is the lower-case hexadecimal SHA-256 of the leaf's DER form
	// followed by that of the key's PEM form; it changes with either.
	Fingerprint string
}

// Secret is bytes that print as "[redacted]" in every format.
type Secret []byte

const redacted = "[redacted]"

// String hides the content.
func (Secret) String() string { return redacted }

// GoString hides the content.
func (Secret) GoString() string { return redacted }

// MarshalText hides the content.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the content.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
