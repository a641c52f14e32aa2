package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// balanced returns a Service of type LoadBalancer that has the given addresses.
func balanced(name string, ips ...string) service {
	var s service
	s.Metadata.Namespace, s.Metadata.Name, s.Spec.Type = "default", name, "LoadBalancer"
	for _, ip := range ips {
		s.Status.LoadBalancer.Ingress = append(s.Status.LoadBalancer.Ingress, struct{ IP string }{ip})
	}
	return s
}

func TestWhoGetsAnAddress(t *testing.T) {
	class, gone := "example.com/other", "2026-01-01T00:00:00Z"
	tests := map[string]struct {
		change func(*service)
		want   string // address, empty for none
		err    string
	}{
		"a new one gets the first free":       {func(*service) {}, "10.0.0.2", ""},
		"one of another type gets none":       {func(s *service) { s.Spec.Type = "ClusterIP" }, "", ""},
		"one of another class gets none":      {func(s *service) { s.Spec.LoadBalancerClass = &class }, "", ""},
		"one that is being deleted gets none": {func(s *service) { s.Metadata.DeletionTimestamp = &gone }, "", ""},
		"one that has one gets no other":      {func(s *service) { *s = balanced("new", "10.0.0.5") }, "", ""},
		"one that has one and asks for another": {func(s *service) {
			*s = balanced("new", "10.0.0.5")
			s.Spec.LoadBalancerIP = "10.0.0.6"
		}, "10.0.0.6", ""},
		"one that has what it asks for": {func(s *service) {
			*s = balanced("new", "10.0.0.5")
			s.Spec.LoadBalancerIP = "10.0.0.5"
		}, "", ""},
		"a free address that is asked for":      {func(s *service) { s.Spec.LoadBalancerIP = "10.0.0.3" }, "10.0.0.3", ""},
		"a taken address that is asked for":     {func(s *service) { s.Spec.LoadBalancerIP = "10.0.0.1" }, "", `held by "default/old"`},
		"an address of elsewhere is asked for":  {func(s *service) { s.Spec.LoadBalancerIP = "192.0.2.1" }, "", "not free in 10.0.0.0/29"},
		"something that is no address is asked": {func(s *service) { s.Spec.LoadBalancerIP = "x" }, "", "unable to parse"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAddressPool(netip.MustParsePrefix("10.0.0.0/29"))
			if _, err := a.see(balanced("old", "10.0.0.1")); err != nil {
				t.Fatal(err)
			}
			s := balanced("new")
			test.change(&s)
			got, err := a.see(s)
			if got.IsValid() != (test.want != "") || got.IsValid() && got.String() != test.want {
				t.Errorf("address = %v, want %q", got, test.want)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error = %v, want one with %q", err, test.err)
			}
		})
	}
}

func TestFreedAddressesRest(t *testing.T) {
	a := newAddressPool(netip.MustParsePrefix("10.0.0.0/29"))
	var got []string
	for i := range 9 {
		s := balanced(fmt.Sprint(i))
		ip, err := a.see(s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ip.String())
		a.forget(s)
	}
	want := "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.1 10.0.0.2"
	if strings.Join(got, " ") != want {
		t.Errorf("addresses = %v, want %s", got, want)
	}
}

// TestNoAddressHasTwoHolders lets Services come and go at random and compares
// with the plainest bookkeeping: a map from Services to what they were given.
func TestNoAddressHasTwoHolders(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	a := newAddressPool(netip.MustParsePrefix("10.0.0.0/28"))
	given := map[string]string{}
	for range 10_000 {
		name := fmt.Sprint(random.IntN(20))
		if ip, ok := given[name]; ok {
			switch random.IntN(3) {
			case 0:
				a.forget(balanced(name, ip))
				delete(given, name)
			case 1: // The type changes, and the API server empties the status.
				s := balanced(name)
				s.Spec.Type = "ClusterIP"
				if _, err := a.see(s); err != nil {
					t.Fatal(err)
				}
				delete(given, name)
			case 2:
				if got, err := a.see(balanced(name, ip)); err != nil || got.IsValid() {
					t.Fatalf("%s, which has %s, was given %v, %v", name, ip, got, err)
				}
			}
			continue
		}
		got, err := a.see(balanced(name))
		if full := len(given) == 15; full != (err != nil) {
			t.Fatalf("with %d of 15 addresses given: error = %v", len(given), err)
		}
		if err != nil {
			continue
		}
		for other, ip := range given {
			if ip == got.String() {
				t.Fatalf("%s and %s both have %s", name, other, ip)
			}
		}
		given[name] = got.String()
	}
}
