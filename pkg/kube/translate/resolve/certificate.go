package resolve

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Certificate is a usable certificate that a reference led to.
type Certificate struct {
	// Name is that of the ir.Certificate.
	Name string
	// Algorithm is the algorithm of the key.
	Algorithm x509.PublicKeyAlgorithm
	// Outdated is true where its time is over or has not come.
	Outdated bool

	parsed *certificate
}

// fingerprint is the SHA-256 of all that a certificate is made of.
type fingerprint [sha256.Size]byte

// certificate is what a Secret holds: either ir and leaf, or a fault.
type certificate struct {
	ir   ir.Certificate
	leaf *x509.Certificate
	// staple is nil where there is none.
	staple *staple
	fault  Fault
}

// Fault says why what a reference leads to cannot be used. The zero value says that it can.
type Fault struct {
	Reason  report.Reason
	Message string
}

// Certificate returns the certificate of a Secret. One that cannot be used is
// reported at the place and nil is returned; one whose time is over or has not come is
// reported, and used.
func (r *Resolver) Certificate(name types.NamespacedName, at Place) *Certificate {
	usable, fault := r.FindCertificate(name, at)
	if usable == nil {
		r.Facts.Errorf(at.Origin, at.Field, fault.Reason, "%s; other certificates answer for its hosts", fault.Message)
	}
	return usable
}

// FindCertificate is Certificate, but it returns why a certificate cannot be used
// instead of reporting it.
func (r *Resolver) FindCertificate(name types.NamespacedName, at Place) (*Certificate, Fault) {
	c := r.certificates[name]
	if c == nil {
		c = r.load(name)
		r.certificates[name] = c
	}
	if c.fault != (Fault{}) {
		return nil, c.fault
	}
	usable := &Certificate{Name: c.ir.Name, Algorithm: c.leaf.PublicKeyAlgorithm, parsed: c}
	if when := outdated(c.leaf, r.Options.Now); when != "" {
		usable.Outdated = true
		r.Facts.Warnf(at.Origin, at.Field, report.CertificateExpired, "the certificate in the Secret %q %s; it is served all the same", name, when)
	}
	r.reportStaple(c, at)
	return usable, Fault{}
}

// outdated returns since or until when a certificate is not valid, and "" for one
// that is. A zero time is always a good one.
func outdated(leaf *x509.Certificate, now time.Time) string {
	switch {
	case now.IsZero():
		return ""
	case now.After(leaf.NotAfter):
		return "expired on " + date(leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		return "is not valid before " + date(leaf.NotBefore)
	}
	return ""
}

// LoadedCertificate returns a certificate that a reference led to, by its name.
func (r *Resolver) LoadedCertificate(name string) ir.Certificate {
	namespace, secret, _ := strings.Cut(name, "/")
	c := r.certificates[types.NamespacedName{Namespace: namespace, Name: secret}]
	loaded := c.ir
	if c.staple != nil && c.staple.unusable(r.Options.Now) == "" {
		loaded.Staple, loaded.StapleUntil = c.staple.der, c.staple.until.Unix()
	}
	return loaded
}

// Covers reports whether clients accept the certificate for a host pattern: each
// name that the pattern stands for is covered by one of its names. Only subject
// alternative names count, as clients have ignored the common name for long
// (RFC 9525 section 2).
func (c *Certificate) Covers(pattern string) bool {
	_, parent, _ := strings.Cut(pattern, ".")
	for _, name := range c.parsed.leaf.DNSNames {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if name == pattern {
			return true
		}
		if below, wildcard := strings.CutPrefix(name, "*."); wildcard && below == parent && !strings.HasPrefix(pattern, "**.") {
			return true
		}
	}
	return false
}

// Names returns the host patterns that the certificate covers.
func (c *Certificate) Names() []string {
	var names []string
	for _, name := range c.parsed.leaf.DNSNames {
		if pattern, err := Host(strings.TrimSuffix(name, "."), HostKinds{}); err == nil {
			names = append(names, pattern)
		}
	}
	return names
}

// load reads a Secret.
func (r *Resolver) load(name types.NamespacedName) *certificate {
	secret := r.Snapshot.Secret(name)
	if secret == nil {
		return &certificate{fault: Fault{report.SecretNotFound, fmt.Sprintf("the Secret %q does not exist", name)}}
	}
	if secret.Type != corev1.SecretTypeTLS && secret.Type != corev1.SecretTypeOpaque && secret.Type != "" {
		return &certificate{fault: Fault{report.InvalidCertificate, fmt.Sprintf("the Secret %q is of the type %q and not %q", name, secret.Type, corev1.SecretTypeTLS)}}
	}
	for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
		if len(secret.Data[key]) == 0 {
			return &certificate{fault: Fault{report.SecretNotFound, fmt.Sprintf("the Secret %q has no key %q", name, key)}}
		}
	}
	return r.Options.Memo.certificate(name, secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey], secret.Data[StapleKey])
}

// parse makes a certificate of what a Secret holds. No message holds any of the key.
func parse(name types.NamespacedName, chain, key, response []byte) *certificate {
	failed := func(message string, args ...any) *certificate {
		return &certificate{fault: Fault{report.InvalidCertificate, fmt.Sprintf("in the Secret %q, ", name) + fmt.Sprintf(message, args...)}}
	}
	leaf, problem := parseLeaf(chain)
	if problem != "" {
		return failed("%s %s", corev1.TLSCertKey, problem)
	}
	if !hasPrivateKey(key) {
		return failed("%s holds no private key in PEM form", corev1.TLSPrivateKeyKey)
	}
	if _, err := tls.X509KeyPair(chain, key); err != nil {
		return failed("%s does not fit the certificate in %s: %s", corev1.TLSPrivateKeyKey, corev1.TLSCertKey,
			strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "tls: "))
	}
	leafSum, keySum := sha256.Sum256(leaf.Raw), sha256.Sum256(key)
	return &certificate{leaf: leaf, staple: parseStaple(response, chain, leaf), ir: ir.Certificate{
		Name:        name.String(),
		Origin:      report.Origin{Kind: "Secret", Namespace: name.Namespace, Name: name.Name},
		ChainPEM:    chain,
		KeyPEM:      key,
		Fingerprint: hex.EncodeToString(leafSum[:]) + hex.EncodeToString(keySum[:]),
	}}
}

// parseLeaf returns the first certificate of a chain, or what is wrong with it.
func parseLeaf(chain []byte) (leaf *x509.Certificate, problem string) {
	for {
		var block *pem.Block
		if block, chain = pem.Decode(chain); block == nil {
			return nil, "holds no certificate in PEM form"
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, "holds a certificate that cannot be parsed: " + strings.Join(strings.Fields(err.Error()), " ")
		}
		return leaf, ""
	}
}

func hasPrivateKey(key []byte) bool {
	for {
		var block *pem.Block
		if block, key = pem.Decode(key); block == nil {
			return false
		}
		if block.Type == "PRIVATE KEY" || strings.HasSuffix(block.Type, " PRIVATE KEY") {
			return true
		}
	}
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
