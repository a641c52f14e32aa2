package match

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplainSaysWhyNot(t *testing.T) {
	v := func(name string, kind ValueKind, value string) []Value {
		return []Value{{Name: name, Kind: kind, Value: value}}
	}
	m, _ := New([]Host[string]{
		{Pattern: "shop.example.com", Routes: []Route[string]{
			exact("/a"),
			prefix("/b"),
			expression("/c.*"),
			expression("/("),
			named("method", func(r *Route[string]) { r.Method = "POST" }),
			named("header", func(r *Route[string]) { r.Headers = v("x", Equal, "1") }),
			named("header expression", func(r *Route[string]) { r.Headers = v("y", Matches, "[0-9]") }),
			named("no header", func(r *Route[string]) { r.Headers = v("z", Present, "") }),
			named("query", func(r *Route[string]) { r.Query = v("q", Equal, "1") }),
			named("bad query", func(r *Route[string]) { r.Query = v("bad", Equal, "1") }),
		}},
		{Pattern: "*.example.com", Routes: []Route[string]{named("it", nil), named("again", nil)}},
		{Pattern: "**.example.com", Routes: []Route[string]{named("never tried", nil)}},
		{Pattern: "*.b.example.com"},
		{Pattern: "cart.example.com"},
		{Pattern: "example.org"},
	})
	e := m.Explain(request{
		host: "shop.example.com", path: "/d", method: "GET", query: "q=2&bad=%z", header: lines{{"x", "2"}, {"X", "3"}, {"y", "a"}},
	}.input(), 20)
	var got []string
	for _, h := range e.Hosts {
		for _, r := range h.Routes {
			got = append(got, fmt.Sprintf("%s %d %s %s: %s", h.Pattern, r.Rank, r.Payload, r.Verdict, r.Reason))
		}
	}
	want := []string{
		"shop.example.com 0 Exact /a mismatch: path is not /a",
		"shop.example.com 1 Prefix /b mismatch: path is not /b or below it",
		`shop.example.com 2 Regex /c.* mismatch: path does not match "/c.*"`,
		"shop.example.com 3 Regex /( broken: path: error parsing regexp: missing closing ): `/(`",
		"shop.example.com 4 method mismatch: method is GET, not POST",
		`shop.example.com 5 header mismatch: header x is "2,3", not "1"`,
		`shop.example.com 6 header expression mismatch: header y is "a", which does not match "[0-9]"`,
		"shop.example.com 7 no header mismatch: header z is missing",
		`shop.example.com 8 query mismatch: query parameter q is "2", not "1"`,
		"shop.example.com 9 bad query mismatch: query parameter bad has a malformed percent-encoding",
		"*.example.com 0 it chosen: ",
		"*.example.com 1 again shadowed: it matches, but an earlier route does too",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explanation differs (-want +got):\n%s", diff)
	}
	if !e.OK || e.Found != "it" {
		t.Errorf("found %q, %v", e.Found, e.OK)
	}
	if diff := cmp.Diff([]string{"*.b.example.com", "cart.example.com"}, e.Near); diff != "" {
		t.Errorf("near patterns differ (-want +got):\n%s", diff)
	}
}

func TestExplainKeepsTheNearestRoutes(t *testing.T) {
	var routes []Route[string]
	for i := range 100 {
		routes = append(routes, prefix(fmt.Sprintf("/other/%d", i)))
	}
	routes = append(routes, expression("/shop/v[0-9]"), exact("/shop/cart/x"), prefix("/shop/cart"), prefix("/"))
	m, _ := New([]Host[string]{{Routes: routes}})
	e := m.Explain(request{path: "/shop/cart/y"}.input(), 4)
	if len(e.Hosts) != 1 || e.Hosts[0].Omitted != 100 {
		t.Fatalf("explanation is %+v", e)
	}
	var got []string
	for _, r := range e.Hosts[0].Routes {
		got = append(got, fmt.Sprintf("%d %s", r.Rank, r.Verdict))
	}
	if diff := cmp.Diff([]string{"100 mismatch", "101 mismatch", "102 chosen", "103 shadowed"}, got); diff != "" {
		t.Errorf("explanation differs (-want +got):\n%s", diff)
	}
}
