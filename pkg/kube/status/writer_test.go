package status

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/internal/apiserver"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

var server apiserver.Server

func TestMain(m *testing.M) {
	code := m.Run()
	if err := server.Stop(); err != nil {
		slog.Error("the API server was not stopped", "error", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

const class = "sluice"

// cluster is an API server with a writer's view of it. Reads are not cached, so
// that a pass sees what the one before it wrote.
type cluster struct {
	client.WithWatch
	namespace string
	writes    atomic.Int64
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	server.InstallCRDs(t)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, gatewayv1.Install, gatewayxv1.Install} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	made, err := client.NewWithWatch(server.Config(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{WithWatch: made, namespace: server.Namespace(t)}
}

// counted returns the client that a writer gets: it counts what it writes.
func (c *cluster) counted() client.Client {
	return interceptor.NewClient(c.WithWatch, interceptor.Funcs{
		Create: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			c.writes.Add(1)
			return w.Create(ctx, o, opts...)
		},
		Apply: func(ctx context.Context, w client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			c.writes.Add(1)
			return w.Apply(ctx, o, opts...)
		},
		Delete: func(ctx context.Context, w client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			c.writes.Add(1)
			return w.Delete(ctx, o, opts...)
		},
		SubResourcePatch: func(ctx context.Context, w client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			c.writes.Add(1)
			return w.SubResource(sub).Patch(ctx, o, p, opts...)
		},
		SubResourceApply: func(ctx context.Context, w client.Client, sub string, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			c.writes.Add(1)
			return w.SubResource(sub).Apply(ctx, o, opts...)
		},
	})
}

// make creates an object.
func (c *cluster) make(t *testing.T, object client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatalf("create: %v", err)
	}
}

// refresh reads an object again.
func (c *cluster) refresh(t *testing.T, object client.Object) {
	t.Helper()
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatalf("get: %v", err)
	}
}

// newTerm starts a leadership whose passes a test calls itself.
func (c *cluster) newTerm(change func(*Options)) *term {
	o := Options{Client: c.counted(), Classes: snapshot.Classes{Names: []string{class}}, Instance: "sluice-0", Interval: time.Nanosecond}
	if change != nil {
		change(&o)
	}
	return &term{Writer: New(o), written: make(map[report.Origin]time.Time), told: make(map[string]struct{})}
}

// found hands facts about objects to the writer and lets it write.
func (t *term) found(ctx context.Context, r *report.Set, objects ...runtime.Object) {
	var b snapshot.Builder
	b.Add(objects...)
	t.Report(b.Snapshot(), nil, r)
	<-t.wake
	t.pass(ctx)
}

func (c *cluster) ingress(name, className string) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name},
		Spec: networkingv1.IngressSpec{
			IngressClassName: &className,
			DefaultBackend: &networkingv1.IngressBackend{
				Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}},
			},
		},
	}
}

func (c *cluster) route(name string) *v1alpha1.ProxyRoute {
	return &v1alpha1.ProxyRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: name},
		Spec: v1alpha1.ProxyRouteSpec{
			Hosts:  []string{"www.example.com"},
			Routes: []v1alpha1.Route{{Backends: []v1alpha1.Backend{{Address: "192.0.2.1:80"}}}},
		},
	}
}

func TestIngressesPublishTheAddressesOfTheService(t *testing.T) {
	c := newCluster(t)
	ours, theirs := c.ingress("ours", class), c.ingress("theirs", "other")
	c.make(t, ours)
	c.make(t, theirs)
	publish := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "sluice"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer},
	}
	w := c.newTerm(func(o *Options) { o.PublishService = snapshot.NameOf(publish) })

	w.found(t.Context(), nil, ours, theirs, publish)
	if n := c.writes.Load(); n != 0 {
		t.Fatalf("%d writes while the load balancer has no address, want none", n)
	}

	publish.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}, {Hostname: "lb.example.com"}}
	w.found(t.Context(), nil, ours, theirs, publish)
	c.refresh(t, ours)
	c.refresh(t, theirs)
	want := []networkingv1.IngressLoadBalancerIngress{{Hostname: "lb.example.com"}, {IP: "192.0.2.1"}}
	if diff := cmp.Diff(want, ours.Status.LoadBalancer.Ingress); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(theirs.Status.LoadBalancer.Ingress) != 0 {
		t.Errorf("the Ingress of another class publishes %v", theirs.Status.LoadBalancer.Ingress)
	}

	version, writes := ours.ResourceVersion, c.writes.Load()
	w.found(t.Context(), nil, ours, theirs, publish)
	c.refresh(t, ours)
	if ours.ResourceVersion != version || c.writes.Load() != writes {
		t.Errorf("%d writes although nothing changed", c.writes.Load()-writes)
	}

	ours.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "198.51.100.1"}}
	if err := c.Status().Update(t.Context(), ours); err != nil {
		t.Fatal(err)
	}
	w.pass(t.Context())
	c.refresh(t, ours)
	if diff := cmp.Diff(want, ours.Status.LoadBalancer.Ingress); diff != "" {
		t.Errorf("what another controller wrote is not put right, -want +got:\n%s", diff)
	}
}

func TestConditionsOfAProxyRouteAreWrittenOnce(t *testing.T) {
	c := newCluster(t)
	route := c.route("a")
	c.make(t, route)
	foreign := metav1.Condition{Type: "Foreign", Status: metav1.ConditionTrue, Reason: "Other", LastTransitionTime: metav1.Now()}
	route.Status.Conditions = []metav1.Condition{foreign}
	if err := c.Status().Update(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	w := c.newTerm(nil)
	origin := report.Origin{Kind: "ProxyRoute", Namespace: c.namespace, Name: "a"}

	w.found(t.Context(), nil, route.DeepCopy())
	c.refresh(t, route)
	expectConditions(t, route, foreign,
		metav1.Condition{Type: Accepted, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "the object is served", ObservedGeneration: 1},
		metav1.Condition{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: "all references are resolved", ObservedGeneration: 1},
		metav1.Condition{Type: Suspended, Status: metav1.ConditionFalse, Reason: "InService", Message: "no part of the object is suspended", ObservedGeneration: 1})

	version, writes := route.ResourceVersion, c.writes.Load()
	w.found(t.Context(), nil, route.DeepCopy())
	c.newTerm(nil).found(t.Context(), nil, route.DeepCopy()) // Another replica, after this one.
	c.refresh(t, route)
	if route.ResourceVersion != version || c.writes.Load() != writes {
		t.Errorf("%d writes although nothing changed", c.writes.Load()-writes)
	}

	route.Spec.Hosts = []string{"taken.example.com"}
	if err := c.Update(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	var facts report.Set
	facts.Errorf(origin, "spec.hosts[0]", report.Conflict, "the host belongs to Ingress/default/first")
	facts.Infof(origin, "spec.suspend", report.Suspended, "the object is out of service")
	w.found(t.Context(), &facts, route.DeepCopy())
	c.refresh(t, route)
	expectConditions(t, route, foreign,
		metav1.Condition{Type: Accepted, Status: metav1.ConditionFalse, Reason: "Conflicted", Message: "spec.hosts[0]: the host belongs to Ingress/default/first", ObservedGeneration: 2},
		metav1.Condition{Type: ResolvedRefs, Status: metav1.ConditionTrue, Reason: "ResolvedRefs", Message: "all references are resolved", ObservedGeneration: 2},
		metav1.Condition{Type: Suspended, Status: metav1.ConditionTrue, Reason: "Suspended", Message: "spec.suspend: the object is out of service", ObservedGeneration: 2})
}

func expectConditions(t *testing.T, route *v1alpha1.ProxyRoute, want ...metav1.Condition) {
	t.Helper()
	byType := cmpopts.SortSlices(func(a, b metav1.Condition) bool { return a.Type < b.Type })
	if diff := cmp.Diff(want, route.Status.Conditions, byType, cmpopts.IgnoreFields(metav1.Condition{}, "LastTransitionTime")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAnObjectThatWasMadeAnewIsNotWrittenTo(t *testing.T) {
	c := newCluster(t)
	old := c.route("a")
	c.make(t, old)
	if err := c.Delete(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	fresh := c.route("a")
	c.make(t, fresh)
	w := c.newTerm(nil)
	w.found(t.Context(), nil, old)
	c.refresh(t, fresh)
	if len(fresh.Status.Conditions) != 0 {
		t.Errorf("what was found about the deleted object stands in the new one: %v", fresh.Status.Conditions)
	}
}

func TestEachProblemHasOneEvent(t *testing.T) {
	c := newCluster(t)
	ingress := c.ingress("a", class)
	c.make(t, ingress)
	origin := report.Origin{Kind: "Ingress", Namespace: c.namespace, Name: "a"}
	var facts report.Set
	facts.Errorf(origin, "spec.defaultBackend", report.BackendNotFound, "there is no Service %s/web", c.namespace)
	facts.Warnf(origin, "spec.tls[0]", report.CertificateExpired, "the certificate expired")
	facts.Infof(origin, "", report.NoEndpoints, "not worth an Event")
	facts.Errorf(report.Origin{Kind: "Ingress", Namespace: c.namespace, Name: "gone"}, "", report.Invalid, "nobody to tell")

	w := c.newTerm(nil)
	w.found(t.Context(), &facts, ingress)
	writes := c.writes.Load()
	w.found(t.Context(), &facts, ingress)
	if n := c.writes.Load() - writes; n != 0 {
		t.Errorf("%d writes for facts that were told of, want none", n)
	}
	c.newTerm(nil).found(t.Context(), &facts, ingress) // Another replica, after this one.

	var events corev1.EventList
	if err := c.List(t.Context(), &events, client.InNamespace(c.namespace)); err != nil {
		t.Fatal(err)
	}
	type told struct {
		Type, Reason, Message, Kind, Name string
		UID                               types.UID
	}
	var got []told
	for _, e := range events.Items {
		got = append(got, told{e.Type, e.Reason, e.Message, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.InvolvedObject.UID})
	}
	want := []told{
		{"Warning", "BackendNotFound", "spec.defaultBackend: there is no Service " + c.namespace + "/web", "Ingress", "a", ingress.UID},
		{"Warning", "CertificateExpired", "spec.tls[0]: the certificate expired", "Ingress", "a", ingress.UID},
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b told) bool { return a.Reason < b.Reason })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
