package translate

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// alternatives lets hosts answer in the alternative domains, too. A host that an
// object names itself wins over one that is made here, as does the domain that
// was given first.
func alternatives(hosts map[string][]*resolve.Route, certificates bindings, domains []resolve.AlternativeDomain) {
	if len(domains) == 0 {
		return
	}
	named := slices.Sorted(maps.Keys(hosts))
	bound := slices.Sorted(maps.Keys(certificates))
	for _, domain := range domains {
		for _, host := range named {
			other, ok := domain.Of(host)
			if !ok || len(hosts[other]) > 0 {
				continue
			}
			for _, route := range hosts[host] {
				hosts[other] = append(hosts[other], inDomain(route, host, other))
			}
		}
		for _, host := range bound {
			other, ok := domain.Of(host)
			if !ok || len(certificates[other]) > 0 {
				continue
			}
			for _, b := range certificates[host] {
				if b.Covers(other) {
					certificates[other] = append(certificates[other], b)
				}
			}
		}
	}
}

// inDomain returns the route of one host for another.
func inDomain(route *resolve.Route, host, other string) *resolve.Route {
	same := *route
	same.Host = other
	// An ID that ends with the host goes on to do so.
	same.ID = strings.TrimSuffix(same.ID, "/"+host) + "/" + other
	return &same
}
