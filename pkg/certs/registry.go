package certs

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Options are what a Registry can be told. The zero value is ready for use.
type Options struct {
	// NextProtos is what ALPN offers, best first (RFC 7301); nil means h2 and http/1.1.
	NextProtos []string
	// Policy bounds what handshakes may agree on where the listener does not say; what is zero
	// stands for TLS 1.2 and 1.3, their suites with forward secrecy and authenticated encryption, and
	// the curves of crypto/tls.
	Policy ir.TLSPolicy
	// TicketSecret is what the keys of session tickets are made of; replicas with the same one resume
	// each other's sessions. Empty means keys of the process's own.
	TicketSecret []byte
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Registry holds what outlives tables: parsed certificates, ticket keys and the
// self-signed certificate made at start.
type Registry struct {
	opts       Options
	tickets    *tickets
	selfSigned *certificate

	// mu guards what follows.
	mu sync.Mutex
	// parsed is by ir.Certificate.Fingerprint.
	parsed map[string]*certificate
}

// NewRegistry makes a registry with a self-signed certificate of its own. An
// error means that the system gives no randomness.
func NewRegistry(o Options) (*Registry, error) {
	if o.NextProtos == nil {
		o.NextProtos = []string{"h2", "http/1.1", "http/1.0"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	own, err := selfSigned(o.Now())
	if err != nil {
		return nil, err
	}
	made, err := newTickets(o.Now, o.TicketSecret)
	if err != nil {
		return nil, err
	}
	return &Registry{opts: o, tickets: made, selfSigned: own, parsed: make(map[string]*certificate)}, nil
}

// Update parses those of certs that are new, forgets those that are not in
// certs any more, and returns a fact for each that cannot be used. Listeners
// that were made before keep theirs.
func (r *Registry) Update(certs []ir.Certificate) *report.Set {
	facts := new(report.Set)
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := make(map[string]*certificate, len(certs))
	for i := range certs {
		c := &certs[i]
		parsed := r.load(c)
		kept[c.Fingerprint] = parsed
		complain(facts, c, parsed)
	}
	r.parsed = kept
	return facts
}

// load returns the certificate parsed; mu is held.
func (r *Registry) load(c *ir.Certificate) *certificate {
	if known := r.parsed[c.Fingerprint]; known != nil && known.of(c) {
		return known
	}
	parsed := parse(c)
	r.parsed[c.Fingerprint] = parsed
	return parsed
}

// complain adds a fact where a certificate cannot be used. The error of the
// parser never holds any of the key.
func complain(facts *report.Set, c *ir.Certificate, parsed *certificate) {
	if parsed.err != nil {
		facts.Errorf(c.Origin, "data", report.InvalidCertificate,
			"the certificate %s cannot be used, so other certificates answer for its hosts: %s", c.Name, oneLine(parsed.err))
	}
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// Listener makes the choice of certificates for one listener. certs must be
// sorted by name, as in a canonical ir.Config. The facts tell of bindings that
// cannot be kept: the names fall to the next binding that covers them, and
// at last to the listener's default and to the self-signed certificate.
func (r *Registry) Listener(l ir.ListenerTLS, certs []ir.Certificate) (*Listener, *report.Set) {
	facts := new(report.Set)
	made := &Listener{registry: r, bindings: newNames[*bound](len(l.Bindings))}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range l.Bindings {
		if usable := r.usable(b.Certificates, certs, b.Host, facts); len(usable) > 0 {
			made.bind(b.Host, usable)
		}
	}
	if l.Default != "" {
		if usable := r.usable([]string{l.Default}, certs, "", facts); len(usable) > 0 {
			made.otherwise = &bound{rule: RuleDefault, certs: usable}
		}
	}
	if made.otherwise == nil {
		made.otherwise = &bound{rule: RuleSelfSigned, certs: []named{{certificate: r.selfSigned}}}
	}
	r.makePolicies(made, &l)
	return made, facts
}

// usable returns those of the named certificates that can be used; mu is held.
func (r *Registry) usable(names []string, certs []ir.Certificate, host string, facts *report.Set) []named {
	var usable []named
	for _, name := range names {
		i, found := slices.BinarySearchFunc(certs, name, func(c ir.Certificate, name string) int {
			return strings.Compare(c.Name, name)
		})
		if !found {
			// Only a translator's mistake leads here: it reports Secrets that are not there.
			facts.Errorf(report.Origin{}, "", report.Internal, "the certificate %q, which %q is bound to, is not in the configuration", name, host)
			continue
		}
		parsed := r.load(&certs[i])
		if parsed.err != nil {
			complain(facts, &certs[i], parsed)
			continue
		}
		usable = append(usable, named{name: name, certificate: parsed})
	}
	return usable
}
