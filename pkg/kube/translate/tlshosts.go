package translate

import (
	"reflect"
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// mergePolicies returns the policies of TLS by host. The fragments are in the order of byAge: of
// several for one host the first counts.
func mergePolicies(fragments []resolve.Fragment, facts *report.Set) []ir.TLSHost {
	var all []ir.TLSHost
	winners := make(map[string]int)
	owners := make(map[string]report.Origin)
	for i := range fragments {
		f := &fragments[i]
		for _, p := range f.Policies {
			at, taken := winners[p.Host]
			switch {
			case !taken:
				winners[p.Host], owners[p.Host] = len(all), f.Origin
				p.Origin, p.TLSHost.Field = f.Origin, p.Field
				all = append(all, p.TLSHost)
			case !reflect.DeepEqual(all[at].Policy, p.Policy) || all[at].Client != p.Client:
				host := p.Host
				if host == "" {
					host = "*"
				}
				message := "the TLS policy is not used for the host %s, as that of %s counts there"
				if p.Client.Mode == ir.ClientAuthRequire && p.Client != all[at].Client {
					message += "; as that does not ask for these certificates, requests are refused"
				}
				facts.Errorf(f.Origin, p.Field, report.Conflict, message, host, owners[p.Host])
			}
		}
	}
	return all
}

// policiesOfAlternatives adds for each policy of a host those of the alternative domains, as the
// routes there are the same.
func policiesOfAlternatives(all []ir.TLSHost, domains []resolve.AlternativeDomain) []ir.TLSHost {
	own := all
	for _, domain := range domains {
		for _, h := range own {
			other, ok := domain.Of(h.Host)
			if !ok || slices.ContainsFunc(all, func(o ir.TLSHost) bool { return o.Host == other }) {
				continue
			}
			h.Host = other
			all = append(all, h)
		}
	}
	return all
}
