package app

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// TLSWords are what handshakes with clients are held to, as flags have it.
type TLSWords struct {
	MinVersion, MaxVersion string
	CipherSuites, Curves   []string
}

// tlsFlags are the flags of TLSWords.
var tlsFlags = []option{
	{"tls-min-version", "VERSION", "the lowest version of TLS that clients may speak: 1.2 or 1.3; hosts and listeners may ask for a higher one, not for a lower", bothVerbs, func(o *Options) flag.Value { return oneOf(&o.TLS.MinVersion, "1.2", "1.3") }},
	{"tls-max-version", "VERSION", "the highest version of TLS that clients may speak: 1.2 or 1.3", bothVerbs, func(o *Options) flag.Value { return oneOf(&o.TLS.MaxVersion, "1.2", "1.3") }},
	{"tls-cipher-suites", "NAME", "a cipher suite of TLS 1.2 that clients may use where their host does not say, by its name in the registry of IANA or in OpenSSL; may be given several times; without it those with forward secrecy and authenticated encryption; those of TLS 1.3 are always there", bothVerbs, func(o *Options) flag.Value {
		return &namesValue{&o.TLS.CipherSuites, "cipher suite of TLS 1.2 with forward secrecy", ir.ParseCipherSuite}
	}},
	{"tls-curves", "NAME", "a way to agree on a key that clients may use where their host does not say, such as X25519MLKEM768, X25519 or P-256; may be given several times; without it those of Go", bothVerbs, func(o *Options) flag.Value {
		return &namesValue{&o.TLS.Curves, "curve", ir.ParseCurve}
	}},
}

// policy returns them as a policy. The names were checked when they were set.
func (w *TLSWords) policy() (p ir.TLSPolicy, err error) {
	p.MinVersion, _ = ir.ParseTLSVersion(w.MinVersion)
	p.MaxVersion, _ = ir.ParseTLSVersion(w.MaxVersion)
	if p.MaxVersion != 0 && p.MinVersion > p.MaxVersion {
		return ir.TLSPolicy{}, fmt.Errorf("--tls-min-version: %s is above --tls-max-version, %s", w.MinVersion, w.MaxVersion)
	}
	for _, name := range w.CipherSuites {
		id, _ := ir.ParseCipherSuite(name)
		p.CipherSuites = append(p.CipherSuites, id)
	}
	for _, name := range w.Curves {
		id, _ := ir.ParseCurve(name)
		p.Curves = append(p.Curves, id)
	}
	return p, nil
}

// namesValue is a list of names that are known.
type namesValue struct {
	target *[]string
	what   string
	parse  func(string) (uint16, bool)
}

var _ repeatable = (*namesValue)(nil)

func (v *namesValue) String() string {
	if v.target == nil {
		return ""
	}
	return strings.Join(*v.target, ",")
}

func (v *namesValue) reset() { *v.target = nil }

func (v *namesValue) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if _, ok := v.parse(name); !ok {
			return fmt.Errorf("no %s is called %q", v.what, name)
		}
		if !slices.Contains(*v.target, name) {
			*v.target = append(*v.target, name)
		}
	}
	return nil
}
