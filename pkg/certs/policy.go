package certs

import (
	"cmp"
	"crypto/tls"
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// Policy is what a handshake is held to besides the certificate. It never changes.
type Policy struct {
	config *tls.Config
	// id differs where another thing is agreed on or asked for.
	id string
	// auth is the ID of what is asked of the client.
	auth string
	// spec is what was asked for.
	spec *ir.TLSHost
}

// ClientAuth returns the ID of the ir.ClientAuth that clients must have fulfilled, empty where they
// are asked for nothing, or for what nobody checks.
func (p *Policy) ClientAuth() string { return p.auth }

// Same says that a connection which was made under one policy may ask for what another one is
// for. A nil policy is like none.
func (p *Policy) Same(other *Policy) bool {
	return p == other || p != nil && other != nil && p.id == other.id
}

// policies are those of a listener.
type policies struct {
	// listener is that of names without one of their own.
	listener *Policy
	// byName is nil where no name has one.
	byName *names[*Policy]
}

// find returns the policy of a server name.
func (p *policies) find(serverName string) *Policy {
	if p.byName == nil {
		return p.listener
	}
	if found, ok := p.byName.find(fold(serverName)); ok {
		return found
	}
	return p.listener
}

// Policy returns what a handshake for a server name is held to.
func (l *Listener) Policy(serverName string) *Policy { return l.policies.find(serverName) }

// HasPolicies says that server names have policies of their own.
func (l *Listener) HasPolicies() bool { return l.policies.byName != nil }

// makePolicies makes those of a listener.
func (r *Registry) makePolicies(l *Listener, spec *ir.ListenerTLS) {
	l.policies.listener = r.policy(l, &ir.TLSHost{Client: spec.Client})
	if len(spec.Hosts) == 0 {
		return
	}
	byName := newNames[*Policy](len(spec.Hosts))
	for i := range spec.Hosts {
		made := r.policy(l, &spec.Hosts[i])
		if spec.Hosts[i].Host == "" {
			l.policies.listener = made
			continue
		}
		byName.set(spec.Hosts[i].Host, made)
	}
	l.policies.byName = &byName
}

// policy makes one.
func (r *Registry) policy(l *Listener, h *ir.TLSHost) *Policy {
	p := &h.Policy
	config := &tls.Config{
		// A host may ask for more than the process, not for less. Where nothing is left, nobody gets in.
		MinVersion:     max(p.MinVersion, r.opts.Policy.MinVersion, tls.VersionTLS12),
		MaxVersion:     min(cmp.Or(p.MaxVersion, tls.VersionTLS13), cmp.Or(r.opts.Policy.MaxVersion, tls.VersionTLS13)),
		CipherSuites:   firstOf(p.CipherSuites, r.opts.Policy.CipherSuites, cipherSuites),
		NextProtos:     r.opts.NextProtos,
		Time:           r.opts.Now,
		GetCertificate: l.certificate,
	}
	for _, id := range firstOf(p.Curves, r.opts.Policy.Curves) {
		config.CurvePreferences = append(config.CurvePreferences, tls.CurveID(id))
	}
	if config.MaxVersion == tls.VersionTLS12 && !slices.ContainsFunc(config.CipherSuites, authenticated) {
		// RFC 9113 section 9.2.2: clients refuse HTTP/2 over such suites.
		config.NextProtos = slices.DeleteFunc(slices.Clone(config.NextProtos), func(proto string) bool { return proto == "h2" })
	}
	askClients(config, h.Client)
	made := &Policy{config: config, spec: h, id: (&ir.TLSHost{Policy: h.Policy, Client: h.Client}).String()}
	if h.Client.Mode == ir.ClientAuthRequire || h.Client.Mode == ir.ClientAuthOptional {
		made.auth = h.Client.ID()
	}
	r.tickets.bind(config, made.id)
	return made
}

// authenticated says that a suite may be used with HTTP/2.
func authenticated(suite uint16) bool { return slices.Contains(cipherSuites, suite) }

// firstOf returns the first list with anything in it.
func firstOf(lists ...[]uint16) []uint16 {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}
