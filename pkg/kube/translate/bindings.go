package translate

import (
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// bound is a certificate that a host is bound to, with who asked for it.
type bound struct {
	*resolve.Certificate
	origin report.Origin
}

// bindings are the certificates by host pattern, in the order of the objects.
type bindings map[string][]bound

// mergeBindings collects the bindings. The fragments are in the order of byAge. A host
// may have several certificates, of which a client gets the first that it
// supports; so a second one with the same kind of key is never used, and told so.
func mergeBindings(fragments []resolve.Fragment, facts *report.Set) bindings {
	all := make(bindings)
	for i := range fragments {
		f := &fragments[i]
		for _, b := range f.Bindings {
			before := all[b.Host]
			if slices.ContainsFunc(before, func(e bound) bool { return e.Name == b.Certificate.Name }) {
				continue
			}
			if j := slices.IndexFunc(before, func(e bound) bool { return e.Algorithm == b.Certificate.Algorithm }); j >= 0 {
				facts.Warnf(f.Origin, b.Field, report.Conflict,
					"the certificate in the Secret %q is not used for the host %s, as %s gives it another %s certificate, in the Secret %q",
					b.Certificate.Name, b.Host, by(before[j].origin, f.Origin), b.Certificate.Algorithm, before[j].Name)
			}
			all[b.Host] = append(before, bound{b.Certificate, f.Origin})
		}
	}
	return all
}

func by(winner, loser report.Origin) string {
	if winner == loser {
		return "this object"
	}
	return "the older " + winner.String()
}

// cover reports whether a certificate covers a host pattern.
func (b bindings) cover(host string) bool {
	if host == "" {
		return false
	}
	if len(b[host]) > 0 {
		return true
	}
	_, parent, found := strings.Cut(host, ".")
	return found && !strings.HasPrefix(host, "*") && len(b["*."+parent]) > 0
}

// listener returns the TLS side of a listener.
func (b bindings) listener(fallback string) ir.ListenerTLS {
	t := ir.ListenerTLS{Default: fallback}
	for host, certificates := range b {
		binding := ir.TLSBinding{Host: host}
		for _, c := range certificates {
			binding.Certificates = append(binding.Certificates, c.Name)
		}
		t.Bindings = append(t.Bindings, binding)
	}
	return t
}
