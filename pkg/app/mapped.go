package app

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// addMapped gives the sets of --map their endpoint. A Service that has
// endpoints of its own keeps those. The facts tell of mappings without an effect.
func (p *publisher) addMapped(sets []ir.EndpointSet) *report.Set {
	facts := new(report.Set)
	byKey := make(map[string]*ir.EndpointSet, len(sets))
	own := make(map[string]bool)
	for i := range sets {
		byKey[sets[i].Key] = &sets[i]
		own[sets[i].Key] = len(sets[i].Endpoints) > 0
	}
	for _, m := range p.mapped {
		set := byKey[m.key()]
		switch {
		case set == nil:
			facts.Warnf(m.origin(), "", report.BackendNotFound, "--map %s has no effect, as nothing is sent to port %d", m, m.Port)
		case own[set.Key]:
			facts.Warnf(m.origin(), "", report.Conflict, "--map %s has no effect, as the Service has EndpointSlices with endpoints for port %d", m, m.Port)
		default:
			set.Endpoints = append(set.Endpoints, ir.Endpoint{Address: m.Endpoint})
		}
	}
	return facts
}

func (m MappedService) origin() report.Origin {
	return report.Origin{Kind: "Service", Namespace: m.Service.Namespace, Name: m.Service.Name}
}
