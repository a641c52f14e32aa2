package upstream

import (
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/metrics"
)

// TestLabelsAreShort scrapes pools of one Service that have settings of any length.
func TestLabelsAreShort(t *testing.T) {
	m := metrics.New()
	r := NewRegistry(Options{Metrics: m})
	defer r.Close()
	settings := []string{"", " LeastRequest", " expression " + strings.Repeat("request.header['x'] == 'y' || ", 200) + "true"}
	for _, s := range settings {
		p := r.Acquire(ir.Upstream{Key: "shop/web:80" + s, Endpoints: "shop/web:80"})
		defer p.Release()
	}
	defer r.Acquire(ir.Upstream{Key: "u", Endpoints: "e"}).Release()
	seen := make(map[string]bool)
	for line := range scrape(t, m) {
		if labels, found := strings.CutPrefix(line, "sluice_upstream_requests_in_flight{"); found {
			seen[strings.TrimSuffix(labels, "} 0")] = true
		}
	}
	for _, want := range []string{`upstream="shop/web:80",variant=""`, `upstream="u",variant=""`} {
		if !seen[want] {
			t.Errorf("no %s in %v", want, seen)
		}
	}
	for labels := range seen {
		if len(labels) > len(`upstream="shop/web:80",variant="01234567"`) {
			t.Errorf("the labels are %s", labels)
		}
	}
	if len(seen) != 4 {
		t.Errorf("there are %v", seen)
	}
	for _, d := range r.Dump() {
		if d.Key != d.EndpointSet && d.Key != "u" && !seen[`upstream="`+d.EndpointSet+`",variant="`+d.Variant+`"`] {
			t.Errorf("the dump has the variant %q of %q", d.Variant, d.Key)
		}
	}
}

// TestLabelsOfTwoPoolsDiffer has digests that begin alike, as somebody could find some.
func TestLabelsOfTwoPoolsDiffer(t *testing.T) {
	l := make(labels)
	p := &Pool{key: "e a", spec: ir.Upstream{Endpoints: "e"}}
	name, variant := l.of(p)
	again, other := l.of(p)
	if name != "e" || again != "e" || len(variant) != shortVariant || len(other) <= shortVariant || !strings.HasPrefix(other, variant) {
		t.Errorf("got %q %q and %q %q", name, variant, again, other)
	}
}
