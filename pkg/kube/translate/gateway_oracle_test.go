package translate_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// world is a Gateway with listeners on one port and routes, of few names, so that they
// get in each other's way.
type world struct {
	listeners []string // host names
	routes    []*gatewayv1.HTTPRoute
}

var (
	worldHosts = []string{"", "*.com", "*.a.com", "a.com", "x.a.com", "*.x.a.com", "b.com"}
	worldPaths = []string{"/", "/p", "/p/q", "/pq"}
	askedHosts = []string{"a.com", "x.a.com", "y.a.com", "z.x.a.com", "b.com", "c.org"}
)

func newWorld(random *rand.Rand) *world {
	w := &world{}
	for _, i := range random.Perm(len(worldHosts))[:1+random.IntN(4)] {
		w.listeners = append(w.listeners, worldHosts[i])
	}
	for i := range 1 + random.IntN(6) {
		r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{
			// Some are of one age, so that the name decides.
			Namespace: "demo", Name: fmt.Sprintf("r%d", i), CreationTimestamp: metav1.Unix(int64(random.IntN(3)), 0),
		}}
		ref := gatewayv1.ParentReference{Name: "g"}
		if random.IntN(2) == 0 {
			section := gatewayv1.SectionName(fmt.Sprintf("l%d", random.IntN(len(w.listeners))))
			ref.SectionName = &section
		}
		r.Spec.ParentRefs = []gatewayv1.ParentReference{ref}
		for _, j := range random.Perm(len(worldHosts))[:random.IntN(3)] {
			if worldHosts[j] != "" {
				r.Spec.Hostnames = append(r.Spec.Hostnames, gatewayv1.Hostname(worldHosts[j]))
			}
		}
		for range 1 + random.IntN(2) {
			r.Spec.Rules = append(r.Spec.Rules, gatewayv1.HTTPRouteRule{Matches: []gatewayv1.HTTPRouteMatch{newMatch(random)}})
		}
		w.routes = append(w.routes, r)
	}
	return w
}

func newMatch(random *rand.Rand) gatewayv1.HTTPRouteMatch {
	kind, path := gatewayv1.PathMatchPathPrefix, worldPaths[random.IntN(len(worldPaths))]
	if random.IntN(3) == 0 {
		kind = gatewayv1.PathMatchExact
	}
	m := gatewayv1.HTTPRouteMatch{Path: &gatewayv1.HTTPPathMatch{Type: &kind, Value: &path}}
	if method := gatewayv1.HTTPMethodGet; random.IntN(3) == 0 {
		m.Method = &method
	}
	for i := range random.IntN(3) {
		m.Headers = append(m.Headers, gatewayv1.HTTPHeaderMatch{Name: gatewayv1.HTTPHeaderName(fmt.Sprintf("h%d", i)), Value: "1"})
	}
	return m
}

// asked is a request.
type asked struct{ host, path, method, header string }

// candidate is a match that a request fulfils, with what decides between several.
type candidate struct {
	id    string
	own   string
	match *gatewayv1.HTTPRouteMatch
	route *gatewayv1.HTTPRoute
	rule  int
}

// serves is the specification, word by word: which rule serves a request, "" for none.
func (w *world) serves(q asked) string {
	listener := -1
	for i, name := range w.listeners {
		if hostMatches(name, q.host) && (listener < 0 || compareHosts(name, w.listeners[listener]) < 0) {
			listener = i
		}
	}
	var found []candidate
	for _, r := range w.routes {
		section := r.Spec.ParentRefs[0].SectionName
		if listener < 0 || section != nil && string(*section) != fmt.Sprintf("l%d", listener) {
			continue
		}
		names := []gatewayv1.Hostname{""}
		if len(r.Spec.Hostnames) > 0 {
			names = r.Spec.Hostnames
		}
		for _, own := range names {
			for i := range r.Spec.Rules {
				if m := &r.Spec.Rules[i].Matches[0]; hostMatches(string(own), q.host) && fulfils(m, q) {
					found = append(found, candidate{fmt.Sprintf("httproute/demo/%s/%d/0@", r.Name, i), string(own), m, r, i})
				}
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.MinFunc(found, func(a, b candidate) int {
		exact := func(c candidate) int { return len(strings.TrimPrefix(string(*c.match.Path.Type), "Exact")) }
		method := func(c candidate) int { return len(*cmp.Or(c.match.Method, new(gatewayv1.HTTPMethod))) }
		return cmp.Or(
			compareHosts(a.own, b.own),
			cmp.Compare(min(exact(a), 1), min(exact(b), 1)),
			-cmp.Compare(len(*a.match.Path.Value), len(*b.match.Path.Value)),
			-cmp.Compare(method(a), method(b)),
			-cmp.Compare(len(a.match.Headers), len(b.match.Headers)),
			a.route.CreationTimestamp.Compare(b.route.CreationTimestamp.Time),
			cmp.Compare(a.route.Name, b.route.Name),
			cmp.Compare(a.rule, b.rule),
		)
	}).id
}

func hostMatches(name, host string) bool {
	below, wildcard := strings.CutPrefix(name, "*")
	return name == "" || name == host || wildcard && strings.HasSuffix(host, below)
}

// compareHosts puts a name before a longer wildcard before a shorter one before none.
func compareHosts(a, b string) int {
	kind := func(s string) int {
		switch {
		case s == "":
			return 2
		case s[0] == '*':
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(kind(a), kind(b)), -cmp.Compare(len(a), len(b)))
}

func fulfils(m *gatewayv1.HTTPRouteMatch, q asked) bool {
	path := *m.Path.Value
	switch {
	case *m.Path.Type == gatewayv1.PathMatchExact && q.path != path:
		return false
	case *m.Path.Type == gatewayv1.PathMatchPathPrefix && path != "/" && q.path != path && !strings.HasPrefix(q.path, path+"/"):
		return false
	case m.Method != nil && string(*m.Method) != q.method:
		return false
	}
	return len(m.Headers) <= len(q.header) // "h0" or "h0,h1", by its length.
}

// FuzzPrecedence compares what the compiled table serves with the specification.
func FuzzPrecedence(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := newWorld(rand.New(rand.NewPCG(seed, 0)))
		listener := compiled(t, w)
		for _, host := range askedHosts {
			for _, path := range append(worldPaths, "/p/", "/other") {
				for _, method := range []string{"GET", "POST"} {
					for headers := range 3 {
						q := asked{host, path, method, strings.Repeat("h", headers)}
						got, want := served(listener, q), w.serves(q)
						if want == "" && got != "" || !strings.HasPrefix(got, want) {
							t.Fatalf("listeners %q: %+v is served by %q, want %q", w.listeners, q, got, want)
						}
					}
				}
			}
		}
	})
}

// noFilters makes none: the world has none.
func noFilters(ir.Filter) (any, error) { return nil, errors.New("there are no filters") }

// compiled makes a table of the world.
func compiled(t *testing.T, w *world) *table.Listener {
	var b snapshot.Builder
	b.Add(&gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "sluice"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: snapshot.GatewayControllerName}})
	g := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "g"}, Spec: gatewayv1.GatewaySpec{GatewayClassName: "sluice"}}
	for i, name := range w.listeners {
		hostname := gatewayv1.Hostname(name)
		g.Spec.Listeners = append(g.Spec.Listeners, gatewayv1.Listener{
			Name: gatewayv1.SectionName(fmt.Sprintf("l%d", i)), Hostname: &hostname, Port: 80, Protocol: gatewayv1.HTTPProtocolType,
		})
	}
	b.Add(g)
	for _, r := range w.routes {
		b.Add(r)
	}
	config, _, _ := translate.Translate(b.Snapshot(), translate.DefaultOptions())
	if err := ir.Validate(config); err != nil {
		t.Fatal(err)
	}
	registry, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	upstreams := upstream.NewRegistry(upstream.Options{})
	t.Cleanup(upstreams.Close)
	made, facts := table.Compile(config, table.Deps{Upstreams: upstreams, Certs: registry, Queues: queue.NewRegistry(), Filters: noFilters})
	t.Cleanup(made.Release)
	if facts.Len() > 0 {
		t.Fatal(facts.All()[0])
	}
	return made.Listener("demo/g:80")
}

// served returns the ID of the route that serves a request.
func served(l *table.Listener, q asked) string {
	header := admin.Fields{}
	for i := range len(q.header) {
		header = append(header, admin.Field{Name: fmt.Sprintf("h%d", i), Value: "1"})
	}
	r := l.Find(&match.Input{Host: []byte(q.host), Path: []byte(q.path), Method: []byte(q.method), Header: header})
	if r == nil {
		return ""
	}
	return r.ID
}
