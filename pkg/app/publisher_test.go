package app

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// newPublisher makes a publisher with all that it needs, and returns its log.
func newPublisher(t testing.TB) (*publisher, *bytes.Buffer) {
	t.Helper()
	registry, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := new(bytes.Buffer)
	m := metrics.New()
	upstreams := upstream.NewRegistry(upstream.Options{Metrics: m})
	t.Cleanup(upstreams.Close)
	rates := rate.NewRegistry()
	t.Cleanup(rates.Close)
	options := translate.DefaultOptions()
	options.AllClasses = true
	return &publisher{
		queues:    queue.NewRegistry(),
		rates:     rates,
		log:       slog.New(slog.NewTextHandler(log, nil)),
		options:   options,
		upstreams: upstreams,
		certs:     registry,
		metrics:   m,
		holder:    new(table.Holder),
		now:       time.Now,
	}, log
}

// ingress sends all of a host to port 80 of a Service.
func ingress(host, service string) *networkingv1.Ingress {
	prefix := networkingv1.PathTypePrefix
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: host},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", PathType: &prefix,
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
					Name: service, Port: networkingv1.ServiceBackendPort{Number: 80},
				}},
			}}}},
		}}},
	}
}

func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.1", Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
}

func endpointSlice(service string, addresses ...string) *discoveryv1.EndpointSlice {
	name, port := "http", int32(8080)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "ns", Name: service + "-a", Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
	}
	for _, a := range addresses {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	return slice
}

func snapshotOf(objects ...runtime.Object) *snapshot.Snapshot {
	var b snapshot.Builder
	b.Add(objects...)
	return b.Snapshot()
}

// addresses returns the endpoints of a set as the registry has them, nil where
// it has no such set.
func addresses(p *publisher, key string) []string {
	set, ok := p.upstreams.Endpoints()[key]
	if !ok {
		return nil
	}
	list := make([]string, 0, len(set.Endpoints))
	for _, e := range set.Endpoints {
		list = append(list, e.Address.String())
	}
	return list
}

func TestPublishSwapsOnlyWhatChanged(t *testing.T) {
	p, _ := newPublisher(t)
	p.publish(snapshotOf(ingress("a.example", "a"), service("a"), endpointSlice("a", "10.0.0.1")), nil)
	first := p.holder.Load()
	if first == nil {
		t.Fatal("nothing is served")
	}

	p.publish(snapshotOf(ingress("a.example", "a"), service("a"), endpointSlice("a", "10.0.0.2")), nil)
	if p.holder.Load() != first {
		t.Error("a change of endpoints alone made a new table")
	}
	if got := addresses(p, "ns/a:80"); !slices.Equal(got, []string{"10.0.0.2:8080"}) {
		t.Errorf("the endpoints are %v, want the new one", got)
	}

	p.publish(snapshotOf(ingress("b.example", "a"), service("a"), endpointSlice("a", "10.0.0.2")), nil)
	if p.holder.Load() == first {
		t.Error("a changed Ingress made no new table")
	}
}

func TestPublishKeepsEndpointsOfTheOldTableForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPublisher(t)
		full := []runtime.Object{ingress("a.example", "a"), service("a"), endpointSlice("a", "10.0.0.1")}
		p.publish(snapshotOf(full...), nil)
		p.publish(snapshotOf(), nil)
		if addresses(p, "ns/a:80") == nil {
			t.Error("the endpoints went away together with the table")
		}
		time.Sleep(releaseAfter / 2)
		p.publish(snapshotOf(full...), nil)
		time.Sleep(releaseAfter)
		synctest.Wait()
		if addresses(p, "ns/a:80") == nil {
			t.Error("endpoints that came back were removed")
		}
		p.publish(snapshotOf(), nil)
		time.Sleep(releaseAfter)
		synctest.Wait()
		if got := addresses(p, "ns/a:80"); got != nil {
			t.Errorf("endpoints that nothing names are still there: %v", got)
		}
		if pools := p.upstreams.Dump(); len(pools) != 0 {
			t.Errorf("pools that no table has are still there: %+v", pools)
		}
	})
}

func TestEndpointsTakeTheFastLane(t *testing.T) {
	p, _ := newPublisher(t)
	name := types.NamespacedName{Namespace: "ns", Name: "a"}
	p.endpoints(name, []*discoveryv1.EndpointSlice{endpointSlice("a", "10.0.0.9")}, nil)
	if got := p.upstreams.Endpoints(); len(got) != 0 {
		t.Errorf("endpoints were taken before the first table: %v", got)
	}
	p.publish(snapshotOf(ingress("a.example", "a"), service("a"), service("unused"), endpointSlice("a", "10.0.0.1")), nil)
	before := p.holder.Load()

	p.endpoints(name, []*discoveryv1.EndpointSlice{endpointSlice("a", "10.0.0.2", "10.0.0.3")}, nil)
	p.endpoints(types.NamespacedName{Namespace: "ns", Name: "unused"}, []*discoveryv1.EndpointSlice{endpointSlice("unused", "10.0.0.4")}, nil)
	p.endpoints(types.NamespacedName{Namespace: "ns", Name: "unknown"}, nil, nil)
	if got := addresses(p, "ns/a:80"); !slices.Equal(got, []string{"10.0.0.2:8080", "10.0.0.3:8080"}) {
		t.Errorf("the endpoints are %v", got)
	}
	if sets := p.upstreams.Endpoints(); len(sets) != 1 {
		t.Errorf("sets that nothing names are kept: %v", sets)
	}
	if p.holder.Load() != before {
		t.Error("endpoints made a new table")
	}
}

func TestBothLanesMayRunAtOnce(t *testing.T) {
	p, _ := newPublisher(t)
	name := types.NamespacedName{Namespace: "ns", Name: "a"}
	var lanes sync.WaitGroup
	const rounds = 200
	lanes.Go(func() {
		for i := range rounds {
			host := []string{"a.example", "b.example"}[i%2]
			p.publish(snapshotOf(ingress(host, "a"), service("a"), endpointSlice("a", "10.0.0.1")), nil)
		}
	})
	lanes.Go(func() {
		for range rounds {
			p.endpoints(name, []*discoveryv1.EndpointSlice{endpointSlice("a", "10.0.0.2")}, nil)
		}
	})
	lanes.Wait()
	// The controller calls the fast lane again after each build that it overlapped.
	p.endpoints(name, []*discoveryv1.EndpointSlice{endpointSlice("a", "10.0.0.2")}, nil)
	if got := addresses(p, "ns/a:80"); !slices.Equal(got, []string{"10.0.0.2:8080"}) {
		t.Errorf("the endpoints are %v", got)
	}
	if routes := p.holder.Load().Routes(); len(routes) != 1 || routes[0].Host != "b.example" {
		t.Errorf("the table is not that of the last snapshot: %v", routes)
	}
}

func TestFactsAreLoggedOnceWhileTheyStay(t *testing.T) {
	p, log := newPublisher(t)
	var reported int
	p.reported = func(_ *snapshot.Snapshot, _ *verdict.Set, facts *report.Set) { reported = facts.Len() }
	broken := func() *snapshot.Snapshot { return snapshotOf(ingress("a.example", "missing")) }
	count := func() int { return strings.Count(log.String(), "reason=BackendNotFound") }

	p.publish(broken(), nil)
	if count() != 1 || !strings.Contains(log.String(), "object=Ingress/ns/a.example") {
		t.Errorf("logged %d times:\n%s", count(), log)
	}
	if reported == 0 {
		t.Error("nothing was reported")
	}
	p.publish(broken(), nil)
	if count() != 1 {
		t.Errorf("a fact that stays was logged %d times", count())
	}
	p.publish(snapshotOf(ingress("a.example", "missing"), service("missing")), nil)
	p.publish(broken(), nil)
	if count() != 2 {
		t.Errorf("a fact that came back was logged %d times, want 2", count())
	}
}

func TestFactsOfTheTableStayWithIt(t *testing.T) {
	p, _ := newPublisher(t)
	loaded := new(report.Set)
	loaded.Warnf(report.Origin{Kind: "Ingress", Namespace: "ns", Name: "other"}, "spec", report.KeptLastGood, "the new text is broken")
	s := func() *snapshot.Snapshot { return snapshotOf(ingress("a.example", "missing")) }
	p.publish(s(), loaded)
	first := p.served.Load().facts.All()
	p.publish(s(), loaded)
	if again := p.served.Load().facts.All(); !slices.Equal(first, again) {
		t.Errorf("the same snapshot gave other facts:\n%v\n%v", first, again)
	}
	if !slices.ContainsFunc(first, func(f report.Fact) bool { return f.Reason == report.KeptLastGood }) {
		t.Errorf("the facts of the files are lost: %v", first)
	}
}

func TestMapGivesServicesEndpoints(t *testing.T) {
	p, _ := newPublisher(t)
	var mapped mapValue
	for _, text := range []string{"ns/a:80=127.0.0.1:3001", "ns/b:80=127.0.0.1:3002", "other/a:80=127.0.0.1:3003"} {
		if err := mapped.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	p.mapped = mapped
	p.publish(snapshotOf(ingress("a.example", "a"), ingress("b.example", "b"), service("a"), service("b"), endpointSlice("b", "10.0.0.1")), nil)
	if got := addresses(p, "ns/a:80"); !slices.Equal(got, []string{"127.0.0.1:3001"}) {
		t.Errorf("a Service without endpoints has %v, want the mapped one", got)
	}
	if got := addresses(p, "ns/b:80"); !slices.Equal(got, []string{"10.0.0.1:8080"}) {
		t.Errorf("a Service with endpoints has %v, want its own alone", got)
	}
	for _, want := range []string{
		"warning: Service/ns/b: --map ns/b:80=127.0.0.1:3002 has no effect, as the Service has EndpointSlices with endpoints for port 80 (Conflicted)",
		"warning: Service/other/a: --map other/a:80=127.0.0.1:3003 has no effect, as nothing is sent to port 80 (BackendNotFound)",
	} {
		if !slices.ContainsFunc(p.served.Load().facts.All(), func(f report.Fact) bool { return f.String() == want }) {
			t.Errorf("there is no %q in %v", want, p.served.Load().facts.All())
		}
	}
}
