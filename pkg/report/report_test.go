package report

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	shop = Origin{Kind: "Ingress", Namespace: "ns", Name: "shop"}
	cart = Origin{Kind: "Ingress", Namespace: "ns", Name: "cart"}
)

func TestOriginString(t *testing.T) {
	tests := map[string]struct {
		origin Origin
		want   string
	}{
		"an object in a namespace":        {shop, "Ingress/ns/shop"},
		"an object outside of namespaces": {Origin{Kind: "GatewayClass", Name: "sluice"}, "GatewayClass/sluice"},
		"Sluice itself":                   {Origin{}, "sluice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.origin.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFactString(t *testing.T) {
	tests := map[string]struct {
		fact Fact
		want string
	}{
		"about a field": {
			Fact{shop, "spec.rules[0]", Error, BackendNotFound, "there is no Service ns/x"},
			"error: Ingress/ns/shop: spec.rules[0]: there is no Service ns/x (BackendNotFound)",
		},
		"about an object as a whole": {
			Fact{shop, "", Warning, Conflict, "another one was first"},
			"warning: Ingress/ns/shop: another one was first (Conflicted)",
		},
		"about Sluice, of a severity to come": {
			Fact{Severity: 7, Reason: Internal, Message: "it failed"},
			"severity(7): sluice: it failed (InternalError)",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.fact.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSetSortsAndKeepsEachFactOnce(t *testing.T) {
	var s, other Set
	s.Errorf(shop, "b", Invalid, "port %d is too high", 70000)
	s.Infof(shop, "a", OtherClass, "of class %q", "nginx")
	s.Warnf(shop, "b", Invalid, "odd")
	other.Warnf(cart, "z", Unsupported, "not yet")
	other.Errorf(shop, "b", Invalid, "port %d is too high", 70000)
	s.Merge(&other)
	s.Merge(nil)
	wantCart := []Fact{{cart, "z", Warning, Unsupported, "not yet"}}
	wantShop := []Fact{
		{shop, "a", Info, OtherClass, `of class "nginx"`},
		{shop, "b", Error, Invalid, "port 70000 is too high"},
		{shop, "b", Warning, Invalid, "odd"},
	}
	if diff := cmp.Diff(slices.Concat(wantCart, wantShop), s.All()); diff != "" {
		t.Errorf("all facts differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantShop, s.Of(shop)); diff != "" {
		t.Errorf("facts of one object differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[Origin][]Fact{shop: wantShop, cart: wantCart}, s.ByOrigin()); diff != "" {
		t.Errorf("groups differ (-want +got):\n%s", diff)
	}
	if s.Len() != 5 {
		t.Errorf("Len is %d, want 5 with the duplicate", s.Len())
	}
}

func TestAllIsTheCallers(t *testing.T) {
	var s Set
	s.Errorf(shop, "a", Invalid, "x")
	s.All()[0].Message = "changed"
	s.Of(shop)[0].Message = "changed"
	if got := s.All()[0].Message; got != "x" {
		t.Errorf("a caller changed the set: %q", got)
	}
}

func TestWorst(t *testing.T) {
	tests := map[string]struct {
		severities []Severity
		want       Severity
		wantOK     bool
	}{
		"nothing at all":        {nil, Info, false},
		"only notes":            {[]Severity{Info, Info}, Info, true},
		"a warning among notes": {[]Severity{Info, Warning, Info}, Warning, true},
		"an error in front":     {[]Severity{Error, Info, Warning}, Error, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var s Set
			for _, severity := range tt.severities {
				s.Add(Fact{Severity: severity})
			}
			if got, ok := s.Worst(); got != tt.want || ok != tt.wantOK {
				t.Errorf("got %v, %v, want %v, %v", got, ok, tt.want, tt.wantOK)
			}
		})
	}
}

func TestANilSetReadsAsEmpty(t *testing.T) {
	var s *Set
	if _, ok := s.Worst(); ok || s.Len() != 0 || len(s.All()) != 0 || len(s.Of(shop)) != 0 || len(s.ByOrigin()) != 0 {
		t.Error("a nil set holds something")
	}
}

func TestCompareIsATotalOrder(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "a", "b"})
	fact := rapid.Custom(func(t *rapid.T) Fact {
		return Fact{
			Origin:   Origin{word.Draw(t, "kind"), word.Draw(t, "namespace"), word.Draw(t, "name")},
			Field:    word.Draw(t, "field"),
			Severity: rapid.SampledFrom([]Severity{Info, Warning, Error}).Draw(t, "severity"),
			Reason:   Reason(word.Draw(t, "reason")),
			Message:  word.Draw(t, "message"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := fact.Draw(t, "a"), fact.Draw(t, "b"), fact.Draw(t, "c")
		if sign(a.Compare(b)) != -sign(b.Compare(a)) {
			t.Fatalf("%v and %v: %d and %d", a, b, a.Compare(b), b.Compare(a))
		}
		if (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%v and %v are told apart wrongly", a, b)
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%v, %v, %v are not in order", a, b, c)
		}
	})
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
