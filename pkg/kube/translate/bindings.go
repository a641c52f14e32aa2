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
	at resolve.Place
}

// bindings are the certificates by host pattern, in the order in which they are offered.
type bindings map[string][]bound

// mergeBindings collects the bindings. The fragments are in the order of byAge. A host
// may have several certificates, of which a client gets the first that it supports:
// those of older objects go first, and outdated ones last.
func mergeBindings(fragments []resolve.Fragment, facts *report.Set) bindings {
	all := make(bindings)
	for i := range fragments {
		f := &fragments[i]
		for _, b := range f.Bindings {
			same := func(e bound) bool { return e.Name == b.Certificate.Name }
			if !slices.ContainsFunc(all[b.Host], same) {
				all[b.Host] = append(all[b.Host], bound{b.Certificate, resolve.Place{Origin: f.Origin, Field: b.Field}})
			}
		}
	}
	for host, list := range all {
		slices.SortStableFunc(list, func(a, b bound) int { return compareBool(a.Outdated, b.Outdated) })
		reportUnused(host, list, facts)
	}
	return all
}

// reportUnused tells of certificates behind one with the same kind of key: each
// client that supports the one supports the other.
func reportUnused(host string, list []bound, facts *report.Set) {
	for i, b := range list {
		j := slices.IndexFunc(list[:i], func(e bound) bool { return e.Algorithm == b.Algorithm })
		if j < 0 {
			continue
		}
		by := "this object"
		if list[j].at.Origin != b.at.Origin {
			by = list[j].at.Origin.String()
		}
		facts.Warnf(b.at.Origin, b.at.Field, report.Conflict,
			"the certificate in the Secret %q is not used for the host %s, as %s gives it another %s certificate, in the Secret %q",
			b.Name, host, by, b.Algorithm, list[j].Name)
	}
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
	return found && !strings.HasPrefix(host, "**.") && len(b["*."+parent]) > 0
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
