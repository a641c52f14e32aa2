package ir

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shuffle puts everything that has no order of its own in another order.
func shuffle(c *Config, r *rand.Rand) {
	swap(c.Listeners, r)
	for i := range c.Listeners {
		swap(c.Listeners[i].TLS.Bindings, r)
	}
	for i := range c.Listeners {
		swap(c.Listeners[i].Scopes, r)
		swap(c.Listeners[i].Streams, r)
	}
	swap(c.RouteSets, r)
	for i := range c.RouteSets {
		hosts := c.RouteSets[i].Hosts
		swap(hosts, r)
		for j := range hosts {
			for k := range hosts[j].Routes {
				swap(hosts[j].Routes[k].Match.Headers, r)
				swap(hosts[j].Routes[k].Match.Query, r)
			}
		}
	}
	swap(c.Upstreams, r)
	swap(c.Certificates, r)
}

func swap[E any](s []E, r *rand.Rand) {
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

func TestCanonicalUndoesAnyOrder(t *testing.T) {
	want := sample()
	for seed := range uint64(50) {
		c := sample()
		shuffle(c, rand.New(rand.NewPCG(seed, 0)))
		Canonical(c)
		if !Equal(c, want) {
			t.Fatalf("seed %d (-want +got):\n%s", seed, cmp.Diff(dump(t, want), dump(t, c)))
		}
	}
}

func TestCanonicalKeepsOrdersThatMeanSomething(t *testing.T) {
	c := sample()
	shop := &c.RouteSets[0].Hosts[1]
	shop.Routes[0], shop.Routes[1] = shop.Routes[1], shop.Routes[0]
	backends := shop.Routes[1].Action.(*Forward).Backends
	backends[0], backends[1] = backends[1], backends[0]
	names := c.Listeners[3].TLS.Bindings[0].Certificates
	names[0], names[1] = names[1], names[0]
	Canonical(c)
	if shop.Routes[0].ID != "ingress/ns/shop/0/1" || backends[0].Upstream != "static" || names[0] != "ns/rsa" {
		t.Error("routes, backends or certificates were sorted")
	}
}

func TestCanonicalDoesNotTellEmptyFromNil(t *testing.T) {
	empty := &Config{
		Listeners: []Listener{{TLS: ListenerTLS{Bindings: []TLSBinding{{Certificates: []string{}}}}}},
		RouteSets: []RouteSet{{Hosts: []Host{
			{Routes: []Route{{
				Match: Match{Headers: []ValueMatch{}, Query: []ValueMatch{}}, Filters: []Filter{},
				Action: &Forward{Backends: []WeightedUpstream{}},
			}}},
			{Routes: []Route{}},
		}}},
		Upstreams:    []Upstream{},
		Certificates: []Certificate{},
	}
	bare := &Config{
		Listeners: []Listener{{TLS: ListenerTLS{Bindings: []TLSBinding{{}}}}},
		RouteSets: []RouteSet{{Hosts: []Host{{Routes: []Route{{Action: &Forward{}}}}, {}}}},
	}
	Canonical(empty)
	Canonical(bare)
	if !Equal(empty, bare) {
		t.Errorf("they differ:\n%s", cmp.Diff(bare, empty))
	}
}
