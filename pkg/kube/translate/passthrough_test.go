package translate_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/report"
)

// passing returns a ProxyRoute that passes hosts on.
func passing(name string, hosts ...string) *v1alpha1.ProxyRoute {
	o := &v1alpha1.ProxyRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	o.Spec.Hosts = hosts
	o.Spec.TLS = &v1alpha1.TLS{Mode: v1alpha1.TLSPassthrough}
	o.Spec.Routes = []v1alpha1.Route{{Backends: []v1alpha1.Backend{{Address: "192.0.2.1:443"}}}}
	return o
}

// TestWhatCannotBeDoneWithoutALookInsideClosesTheConnections is about objects that no CRD has seen.
func TestWhatCannotBeDoneWithoutALookInsideClosesTheConnections(t *testing.T) {
	route := func(o *v1alpha1.ProxyRoute) *v1alpha1.Route { return &o.Spec.Routes[0] }
	backend := func(o *v1alpha1.ProxyRoute) *v1alpha1.Backend { return &route(o).Backends[0] }
	tests := map[string]struct {
		change func(*v1alpha1.ProxyRoute)
		want   string // the field of the fact; empty where the connections are passed on
	}{
		"nothing else":            {func(*v1alpha1.ProxyRoute) {}, ""},
		"a Secret":                {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.SecretName = "a" }, "spec.tls.secretName"},
		"a redirect":              {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.Redirect = ptr(false) }, "spec.tls.redirect"},
		"a lowest version":        {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.MinVersion = "1.3" }, "spec.tls.minVersion"},
		"a highest version":       {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.MaxVersion = "1.3" }, "spec.tls.maxVersion"},
		"a suite":                 {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.CipherSuites = []v1alpha1.CipherSuite{"x"} }, "spec.tls.cipherSuites"},
		"a curve":                 {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.Curves = []v1alpha1.Curve{"x"} }, "spec.tls.curves"},
		"client certificates":     {func(o *v1alpha1.ProxyRoute) { o.Spec.TLS.Client = &v1alpha1.ClientTLS{} }, "spec.tls.client"},
		"versions":                {func(o *v1alpha1.ProxyRoute) { o.Spec.Versioning = &v1alpha1.Versioning{} }, "spec.versioning"},
		"retries":                 {func(o *v1alpha1.ProxyRoute) { route(o).Retry = &v1alpha1.Retry{} }, "spec.routes[0].retry"},
		"a circuit":               {func(o *v1alpha1.ProxyRoute) { route(o).CircuitBreaker = &v1alpha1.CircuitBreaker{} }, "spec.routes[0].circuitBreaker"},
		"a buffer":                {func(o *v1alpha1.ProxyRoute) { o.Spec.BufferResponse = &v1alpha1.ResponseBuffer{} }, "spec.bufferResponse"},
		"a timeout of requests":   {func(o *v1alpha1.ProxyRoute) { o.Spec.Timeouts = &v1alpha1.Timeouts{Request: "1s"} }, "spec.timeouts.request"},
		"a timeout of tries":      {func(o *v1alpha1.ProxyRoute) { route(o).Timeouts = &v1alpha1.Timeouts{BackendRequest: "1s"} }, "spec.routes[0].timeouts.backendRequest"},
		"a timeout of bodies":     {func(o *v1alpha1.ProxyRoute) { o.Spec.Timeouts = &v1alpha1.Timeouts{Idle: "1s"} }, "spec.timeouts.idle"},
		"timeouts of connections": {func(o *v1alpha1.ProxyRoute) { o.Spec.Timeouts = &v1alpha1.Timeouts{Connect: "1s", TunnelIdle: "1s"} }, ""},
		"a limit":                 {func(o *v1alpha1.ProxyRoute) { o.Spec.Limits = &v1alpha1.Limits{MaxActive: 1} }, ""},
		"a limit of endpoints":    {func(o *v1alpha1.ProxyRoute) { o.Spec.Limits = &v1alpha1.Limits{MaxActivePerEndpoint: 1} }, "spec.limits.maxActivePerEndpoint"},
		"a limit of nothing":      {func(o *v1alpha1.ProxyRoute) { o.Spec.Limits = &v1alpha1.Limits{} }, "spec.limits"},
		"a queue":                 {func(o *v1alpha1.ProxyRoute) { o.Spec.Limits = &v1alpha1.Limits{MaxActive: 1, Queue: &v1alpha1.Queue{}} }, "spec.limits.queue"},
		"the fastest": {func(o *v1alpha1.ProxyRoute) {
			o.Spec.Balance = &v1alpha1.Balance{Strategy: v1alpha1.BalanceLeastLatency}
		}, "spec.balance.strategy"},
		"an expression": {func(o *v1alpha1.ProxyRoute) {
			o.Spec.Balance = &v1alpha1.Balance{Strategy: v1alpha1.BalanceExpression, Cost: "1"}
		}, "spec.balance.strategy"},
		"a hash of a path": {func(o *v1alpha1.ProxyRoute) {
			o.Spec.Balance = &v1alpha1.Balance{Strategy: v1alpha1.BalanceHash, Hash: &v1alpha1.BalanceHashBy{Source: v1alpha1.HashPath}}
		}, "spec.balance.hash.source"},
		"sessions": {func(o *v1alpha1.ProxyRoute) { o.Spec.Balance = &v1alpha1.Balance{Sticky: &v1alpha1.BalanceSticky{}} }, "spec.balance.sticky"},
		"statuses": {func(o *v1alpha1.ProxyRoute) {
			o.Spec.Health = &v1alpha1.Health{Passive: &v1alpha1.PassiveHealth{Statuses: []v1alpha1.StatusRange{"503"}}}
		}, "spec.health.passive.statuses"},
		"probes of HTTP": {func(o *v1alpha1.ProxyRoute) { o.Spec.Health = &v1alpha1.Health{Active: &v1alpha1.ActiveHealth{}} }, "spec.health.active.type"},
		"probes of HTTP elsewhere": {func(o *v1alpha1.ProxyRoute) {
			o.Spec.Health = &v1alpha1.Health{Active: &v1alpha1.ActiveHealth{Port: 80}}
		}, ""},
		"matches":                    {func(o *v1alpha1.ProxyRoute) { route(o).Matches = []v1alpha1.Match{{}} }, "spec.routes[0].matches"},
		"filters":                    {func(o *v1alpha1.ProxyRoute) { route(o).Filters = []v1alpha1.Filter{{Type: v1alpha1.FilterDrop}} }, "spec.routes[0].filters"},
		"CONNECT":                    {func(o *v1alpha1.ProxyRoute) { route(o).Connect = true }, "spec.routes[0].connect"},
		"a bound of bodies":          {func(o *v1alpha1.ProxyRoute) { route(o).MaxBodyBytes = ptr(int64(1)) }, "spec.routes[0].maxBodyBytes"},
		"a buffer of requests":       {func(o *v1alpha1.ProxyRoute) { route(o).BufferRequest = true }, "spec.routes[0].bufferRequest"},
		"a version":                  {func(o *v1alpha1.ProxyRoute) { backend(o).Version = "1" }, "spec.routes[0].backends[0].version"},
		"versions of Pods":           {func(o *v1alpha1.ProxyRoute) { backend(o).VersionFromPodLabel = "v" }, "spec.routes[0].backends[0].versionFromPodLabel"},
		"TLS with the back end":      {func(o *v1alpha1.ProxyRoute) { backend(o).TLS = &v1alpha1.BackendTLS{} }, "spec.routes[0].backends[0].tls"},
		"filters of the back end":    {func(o *v1alpha1.ProxyRoute) { backend(o).Filters = []v1alpha1.Filter{{}} }, "spec.routes[0].backends[0].filters"},
		"another PROXY protocol":     {func(o *v1alpha1.ProxyRoute) { backend(o).ProxyProtocol = "v3" }, "spec.routes[0].backends[0].proxyProtocol"},
		"a back end that is nothing": {func(o *v1alpha1.ProxyRoute) { backend(o).Address = "" }, "spec.routes[0].backends[0]"},
		"no back end":                {func(o *v1alpha1.ProxyRoute) { route(o).Backends = nil }, "spec.routes[0].backends"},
		"no route":                   {func(o *v1alpha1.ProxyRoute) { o.Spec.Routes = nil }, "spec.routes"},
		"two routes":                 {func(o *v1alpha1.ProxyRoute) { o.Spec.Routes = append(o.Spec.Routes, o.Spec.Routes[0]) }, "spec.routes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			object := passing("a", "a.example")
			tt.change(object)
			var b snapshot.Builder
			b.Add(object)
			config, _, facts := translate.Translate(b.Snapshot(), translate.DefaultOptions())
			if err := ir.Validate(config); err != nil {
				t.Error(err)
			}
			var fields []string
			for _, f := range facts.All() {
				if f.Severity == report.Error {
					fields = append(fields, f.Field)
				}
			}
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			if diff := cmp.Diff(want, fields); diff != "" {
				t.Errorf("the fields of the facts, -want +got:\n%s", diff)
			}
			streams := config.Listeners[1].Streams
			if len(streams) != 1 || streams[0].Host != "a.example" || len(streams[0].Backends) == 0 {
				t.Fatalf("the host is not held: %+v", streams)
			}
			if open := streams[0].Backends[0].Upstream != ""; open != (tt.want == "") {
				t.Errorf("passed on to %+v", streams[0].Backends)
			}
		})
	}
}

func TestAModeThatIsNoneClosesTheRoutes(t *testing.T) {
	object := passing("a", "a.example")
	object.Spec.TLS = &v1alpha1.TLS{Mode: "Perhaps", SecretName: "gone"}
	var b snapshot.Builder
	b.Add(object)
	config, _, facts := translate.Translate(b.Snapshot(), translate.DefaultOptions())
	told := slices.ContainsFunc(facts.All(), func(f report.Fact) bool {
		return f.Severity == report.Error && f.Field == "spec.tls.mode" && f.Reason == report.Invalid
	})
	if !told {
		t.Errorf("the facts are %v", facts.All())
	}
	respond, closed := config.RouteSets[0].Hosts[0].Routes[0].Action.(*ir.Respond)
	if !closed || respond.Status != 500 || len(config.Listeners[1].Streams) != 0 {
		t.Errorf("served by %+v, %+v", config.RouteSets[0].Hosts[0].Routes[0].Action, config.Listeners[1].Streams)
	}
}

// TestTheMostSpecificHostDecidesWhereTLSEnds compares what a listener has with a look at all objects.
func TestTheMostSpecificHostDecidesWhereTLSEnds(t *testing.T) {
	patterns := []string{"a.example", "b.a.example", "c.b.a.example", "x-*.a.example", "*-y.a.example", "*.a.example", "**.a.example", "*.b.a.example", "**.example", "*"}
	names := []string{"a.example", "b.a.example", "x-y.a.example", "x-1.a.example", "1-y.a.example", "z.a.example", "c.b.a.example", "d.b.a.example", "e.d.b.a.example", "other.example", "other", ""}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		var b snapshot.Builder
		type owner struct {
			object string
			passes bool
		}
		owners := make(map[string]owner) // by pattern, of the oldest object
		for i, name := range random.Perm(6) {
			object := passing(string(rune('a'+name)), patterns[random.IntN(len(patterns))])
			if another := patterns[random.IntN(len(patterns))]; another != object.Spec.Hosts[0] {
				object.Spec.Hosts = append(object.Spec.Hosts, another)
			}
			passes := random.IntN(2) == 0
			if !passes {
				object.Spec.TLS = nil
			}
			object.CreationTimestamp = metav1.NewTime(time.Unix(int64(1000+i), 0))
			for _, host := range object.Spec.Hosts {
				if _, taken := owners[host]; !taken {
					owners[host] = owner{object.Name, passes}
				}
			}
			b.Add(object)
		}
		config, _, _ := translate.Translate(b.Snapshot(), translate.DefaultOptions())
		if err := ir.Validate(config); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		l := &config.Listeners[1]
		for _, name := range names {
			var want string
			for _, pattern := range patterns { // The most specific first, but for the partial ones, of which each is told apart.
				if o, there := owners[pattern]; there && stands(pattern, name) {
					if o.passes {
						want = o.object
					}
					break
				}
			}
			var got string
			for _, pattern := range patterns {
				written := strings.TrimPrefix(pattern, "*")
				if written != "" {
					written = pattern
				}
				if !stands(pattern, name) {
					continue
				}
				if s := streamOf(l, written); s != nil {
					got = s.Origin.Name
					break
				}
				if l.RouteSet != "" || scoped(l, written) {
					break
				}
			}
			if got != want {
				t.Errorf("seed %d: %q is passed on by %q, and should be by %q", seed, name, got, want)
			}
		}
	}
}

func streamOf(l *ir.Listener, host string) *ir.Stream {
	for i := range l.Streams {
		if l.Streams[i].Host == host {
			return &l.Streams[i]
		}
	}
	return nil
}

func scoped(l *ir.Listener, host string) bool {
	for _, s := range l.Scopes {
		if s.Host == host {
			return true
		}
	}
	return false
}

// stands says whether a pattern stands for a name.
func stands(pattern, name string) bool {
	if pattern == "*" || pattern == name {
		return true
	}
	if parent, deep := strings.CutPrefix(pattern, "**"); deep {
		return strings.HasSuffix(name, parent)
	}
	label, parent, _ := strings.Cut(pattern, ".")
	own, above, dotted := strings.Cut(name, ".")
	before, after, partial := strings.Cut(label, "*")
	return dotted && partial && parent == above && len(own) >= len(label) && strings.HasPrefix(own, before) && strings.HasSuffix(own, after)
}
