package ir

import (
	"log/slog"
	"time"

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
	// Staple is an OCSP response for the leaf in DER form (RFC 6960), which is sent to clients that
	// ask until StapleUntil, in seconds of Unix time; empty for none. The translator has checked it.
	Staple      []byte
	StapleUntil int64
}

// staple returns the word of a dump.
func (c *Certificate) staple() string {
	if len(c.Staple) == 0 && c.StapleUntil == 0 {
		return ""
	}
	return "staple=" + digest(string(c.Staple)) + " until=" + time.Unix(c.StapleUntil, 0).UTC().Format(time.RFC3339)
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
