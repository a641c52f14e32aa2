package upstream

import "github.com/sluice-dev/sluice/pkg/ir"

// Service is how many of the endpoints of a pool are in service.
type Service struct {
	// Ready are those that are ready and not out, Total all but those that are terminating.
	Ready, Total int
}

// InService returns the numbers of all pools by their keys.
func (r *Registry) InService() map[string]Service {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]Service, len(r.pools))
	for key, p := range r.pools {
		var s Service
		for _, e := range p.list.Load().all {
			state := e.spec.Load().State
			if state != ir.EndpointTerminating {
				s.Total++
			}
			if state == ir.EndpointReady && !e.out() {
				s.Ready++
			}
		}
		all[key] = s
	}
	return all
}

// changed tells that the numbers of InService may be others. mu is held.
func (r *Registry) changed() {
	if r.opts.Changed != nil {
		r.opts.Changed()
	}
}
