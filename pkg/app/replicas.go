package app

import discoveryv1 "k8s.io/api/discovery/v1"

// replicas counts the Pods of this program that are ready, from the EndpointSlices of their Service:
// they share the limits of scope Cluster.
func (p *publisher) replicas(slices []*discoveryv1.EndpointSlice) {
	ready := make(map[string]bool)
	for _, slice := range slices {
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if e.Conditions.Ready != nil && !*e.Conditions.Ready || len(e.Addresses) == 0 {
				continue
			}
			name := e.Addresses[0]
			if e.TargetRef != nil {
				name = e.TargetRef.Name // A Pod with two addresses counts once.
			}
			ready[name] = true
		}
	}
	p.queues.SetReplicas(len(ready))
	p.rates.SetReplicas(len(ready))
}
