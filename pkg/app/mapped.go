package app

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
)

// addMapped gives the sets of --map their endpoint. A Service that has
// endpoints of its own keeps those.
func (p *publisher) addMapped(sets []ir.EndpointSet) {
	for i := range sets {
		service, ok := translate.ServiceOf(sets[i].Key)
		if !ok || len(sets[i].Endpoints) > 0 {
			continue
		}
		for _, m := range p.mapped {
			if m.Service == service && sets[i].Key == m.Service.String()+":"+m.Port {
				sets[i].Endpoints = []ir.Endpoint{{Address: m.Endpoint}}
			}
		}
	}
}
