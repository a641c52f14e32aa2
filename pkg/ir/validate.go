package ir

import (
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/pkg/report"
)

// Problem is a broken invariant of a Config. It is a defect of whoever made the
// Config, not of a user.
type Problem struct {
	// Origin and Field are those of the element, as far as it has them.
	Origin report.Origin
	Field  string
	// Where is the element, such as `route ingress/a/b/0/0`.
	Where string
	// Message says what is wrong.
	Message string
}

// Error returns the element and what is wrong with it.
func (p Problem) Error() string { return p.Where + ": " + p.Message }

// Validate returns all problems joined, nil for a sound Config in canonical form.
func Validate(c *Config) error {
	var all []error
	for _, p := range Problems(c) {
		all = append(all, p)
	}
	return errors.Join(all...)
}

// Problems returns every broken invariant of a Config in canonical form, in
// the order of its elements. Whether regular expressions compile and
// certificates parse is left to those who use them.
func Problems(c *Config) []Problem {
	v := validator{
		sets:         make(map[string]bool, len(c.RouteSets)),
		upstreams:    make(map[string]bool, len(c.Upstreams)),
		certificates: make(map[string]bool, len(c.Certificates)),
		routes:       make(map[string]bool),
		limited:      make(map[string]Limits),
		rates:        make(map[string]RateLimit),
		actives:      make(map[string]*ActiveLimit),
	}
	for i := range c.RouteSets {
		v.sets[c.RouteSets[i].Name] = false
	}
	for i := range c.Upstreams {
		v.upstreams[c.Upstreams[i].Key] = false
	}
	for i := range c.Certificates {
		v.certificates[c.Certificates[i].Name] = false
	}
	for i := range c.Listeners {
		v.at(c.Listeners[i].Origin, "", "listener", c.Listeners[i].Name)
		v.ascending(i, func(i int) string { return c.Listeners[i].Name })
		v.listener(&c.Listeners[i])
	}
	for i := range c.RouteSets {
		v.at(report.Origin{}, "", "routes", c.RouteSets[i].Name)
		v.ascending(i, func(i int) string { return c.RouteSets[i].Name })
		v.hosts(c.RouteSets[i].Hosts)
	}
	for i := range c.Upstreams {
		v.at(c.Upstreams[i].Origin, "", "upstream", c.Upstreams[i].Key)
		v.ascending(i, func(i int) string { return c.Upstreams[i].Key })
		v.upstream(&c.Upstreams[i])
	}
	for i := range c.Certificates {
		v.at(c.Certificates[i].Origin, "", "certificate", c.Certificates[i].Name)
		v.ascending(i, func(i int) string { return c.Certificates[i].Name })
		v.certificate(&c.Certificates[i])
	}
	return v.found
}

// validator looks at one element after the other.
type validator struct {
	found []Problem
	// The element that is looked at.
	origin     report.Origin
	field      string
	kind, name string
	// sets, upstreams and certificates say of each that is defined whether it
	// was referred to; routes holds the IDs seen.
	sets, upstreams, certificates, routes map[string]bool
	// limited holds the limits seen, by key.
	limited map[string]Limits
	// rates holds the rate limits seen, by key.
	rates map[string]RateLimit
	// actives holds the limits of requests under way seen, by key.
	actives map[string]*ActiveLimit
}

// at says which element the next problems are about.
func (v *validator) at(o report.Origin, field, kind, name string) {
	v.origin, v.field, v.kind, v.name = o, field, kind, name
}

func (v *validator) problem(format string, args ...any) {
	v.found = append(v.found, Problem{
		Origin:  v.origin,
		Field:   v.field,
		Where:   v.kind + " " + quote(v.name),
		Message: fmt.Sprintf(format, args...),
	})
}

// check adds a problem where ok is false.
func (v *validator) check(ok bool, message string) {
	if !ok {
		v.problem("%s", message)
	}
}

// ascending checks that element i stands behind the one before and has a name.
// It is told the names by index, so that nothing is copied for it.
func (v *validator) ascending(i int, name func(int) string) {
	if i == 0 {
		return
	}
	switch before, this := name(i-1), name(i); {
	case before == this:
		v.problem("%q is there twice", this)
	case before > this:
		v.problem("%q stands behind %q, so the list is not sorted", this, before)
	}
}

// refer checks that a name is defined, and notes that it is in use.
func (v *validator) refer(defined map[string]bool, what, name string) {
	if _, ok := defined[name]; !ok {
		v.problem("%s %q is not defined", what, name)
		return
	}
	defined[name] = true
}

func (v *validator) upstream(u *Upstream) {
	v.check(u.Key != "", "the key is empty")
	v.check(u.Endpoints != "", "it names no endpoint set")
	v.check(u.Protocol <= UpstreamHTTP2, "the protocol is unknown")
	v.balance(u.Balance)
	v.health(&u.Health)
	v.breaker(u.Breaker)
	v.retryConstraint(u.RetryConstraint)
	v.upstreamTLS(&u.TLS)
	v.check(u.MaxIdlePerEndpoint >= 0, "the number of idle connections is negative")
	v.check(u.ProxyProtocol <= 2, "the version of the PROXY protocol is unknown")
	v.check(v.upstreams[u.Key], "no action names it")
}

func (v *validator) certificate(c *Certificate) {
	v.check(c.Name != "", "the name is empty")
	v.check(len(c.ChainPEM) > 0, "the chain is empty")
	v.check(len(c.KeyPEM) > 0, "the key is empty")
	v.check(c.Fingerprint != "", "the fingerprint is empty")
	v.check((len(c.Staple) > 0) == (c.StapleUntil != 0), "a staple without an end, or an end without a staple")
	v.check(v.certificates[c.Name], "nothing names it")
}
