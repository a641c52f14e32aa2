package controller

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/internal/apiserver"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// patience bounds each wait for something that must happen. It is no measure of
// how fast that is.
const patience = 90 * time.Second

var server apiserver.Server

// logger is not that of a test: the libraries below log to it until the process ends.
var logger = slog.New(slog.NewTextHandler(os.Stderr, nil))

func TestMain(m *testing.M) {
	redirectLogs(logger) // Before anything of theirs runs.
	code := m.Run()
	if err := server.Stop(); err != nil {
		slog.Error("the API server was not stopped", "error", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// running is a controller under test and what it called.
type running struct {
	*Controller
	builds    atomic.Int64
	snapshots chan *snapshot.Snapshot
	endpoints chan sentSlices
	exited    chan error
}

type sentSlices struct {
	service types.NamespacedName
	slices  []*discoveryv1.EndpointSlice
	// ready are the values of the annotation of the Pods, sorted.
	ready []string
}

// run starts a controller that ends with the test, and proves that it does not
// end before.
func run(t *testing.T, change func(*Options)) *running {
	t.Helper()
	r := &running{
		snapshots: make(chan *snapshot.Snapshot, 1000),
		endpoints: make(chan sentSlices, 1000),
		exited:    make(chan error, 1),
	}
	o := Options{
		Config:      server.Config(t),
		Logger:      logger,
		Holdoff:     time.Millisecond,
		CRDInterval: 50 * time.Millisecond,
		Build: func(_ context.Context, s *snapshot.Snapshot) {
			r.builds.Add(1)
			r.snapshots <- s
		},
		Endpoints: func(service types.NamespacedName, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) bool {
			sent := sentSlices{service: service, slices: slices}
			build := false
			for _, slice := range slices {
				for _, e := range slice.Endpoints {
					if e.TargetRef == nil {
						continue
					}
					pod := pods(types.NamespacedName{Namespace: e.TargetRef.Namespace, Name: e.TargetRef.Name})
					if pod == nil {
						continue
					}
					sent.ready = append(sent.ready, pod.Annotations[snapshot.ReadyAnnotation])
					build = build || pod.Labels["build"] == "please"
				}
			}
			r.endpoints <- sent
			return build
		},
	}
	if change != nil {
		change(&o)
	}
	made, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Controller = made
	// The context of a test ends before its clean-up.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { r.exited <- made.Run(ctx) }()
	t.Cleanup(func() {
		defer cancel()
		select {
		case err := <-r.exited:
			t.Errorf("the controller ended by itself: %v", err)
			return
		default:
		}
		cancel()
		if err := <-r.exited; err != nil {
			t.Errorf("the controller ended with %v", err)
		}
	})
	return r
}

// until returns the first snapshot from now on that is as wanted.
func (r *running) until(t *testing.T, what string, wanted func(*snapshot.Snapshot) bool) *snapshot.Snapshot {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case s := <-r.snapshots:
			if wanted(s) {
				return s
			}
		case <-late:
			t.Fatalf("no build with %s", what)
		}
	}
}

// writer returns a client of the test's own, past all caches.
func writer(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(server.Config(t), client.Options{Scheme: newScheme(), Mapper: newMapper()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func create(t *testing.T, c client.Client, object client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatalf("create: %v", err)
	}
}

func newIngress(namespace, name string) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}},
		}},
	}
}

func newSlice(namespace, name, service, address string) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}}},
	}
}

func newService(namespace, name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}},
	}
}

func newRoute(namespace, name string) *v1alpha1.ProxyRoute {
	return &v1alpha1.ProxyRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ProxyRouteSpec{
			Hosts:  []string{"www.example.com"},
			Routes: []v1alpha1.Route{{Backends: []v1alpha1.Backend{{Address: "192.0.2.1:80"}}}},
		},
	}
}

// hasPolicy asks for a ProxyPolicy by its namespace and name.
func hasPolicy(namespace, name string) func(*snapshot.Snapshot) bool {
	return func(s *snapshot.Snapshot) bool {
		return slices.ContainsFunc(s.ProxyPolicies(), func(p *v1alpha1.ProxyPolicy) bool { return p.Namespace == namespace && p.Name == name })
	}
}

func newPolicy(namespace, name string) *v1alpha1.ProxyPolicy {
	return &v1alpha1.ProxyPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ProxyPolicySpec{
			TargetRefs: []v1alpha1.PolicyTarget{{Kind: v1alpha1.TargetService, Name: "web"}},
			Settings:   v1alpha1.Settings{Limits: &v1alpha1.Limits{MaxActive: 1}},
		},
	}
}

// hasIngress asks for an Ingress by its namespace and name.
func hasIngress(namespace, name string) func(*snapshot.Snapshot) bool {
	return func(s *snapshot.Snapshot) bool { return findIngress(s, namespace, name) != nil }
}

// hasRoute asks for a ProxyRoute by its namespace and name.
func hasRoute(namespace, name string) func(*snapshot.Snapshot) bool {
	return func(s *snapshot.Snapshot) bool {
		for _, route := range s.ProxyRoutes() {
			if route.Namespace == namespace && route.Name == name {
				return true
			}
		}
		return false
	}
}

func findIngress(s *snapshot.Snapshot, namespace, name string) *networkingv1.Ingress {
	for _, ingress := range s.Ingresses() {
		if ingress.Namespace == namespace && ingress.Name == name {
			return ingress
		}
	}
	return nil
}

func TestEachKindThatIsAppliedIsBuilt(t *testing.T) {
	server.InstallCRDs(t)
	c, namespace := writer(t), server.Namespace(t)
	r := run(t, nil)
	name := func(n string) types.NamespacedName { return types.NamespacedName{Namespace: namespace, Name: n} }

	create(t, c, newIngress(namespace, "a"))
	r.until(t, "the Ingress", hasIngress(namespace, "a"))

	create(t, c, newService(namespace, "web"))
	r.until(t, "the Service", func(s *snapshot.Snapshot) bool { return s.Service(name("web")) != nil })

	create(t, c, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tls"},
		Data:       map[string][]byte{corev1.TLSCertKey: []byte("c"), "password": []byte("p")},
	})
	s := r.until(t, "the Secret", func(s *snapshot.Snapshot) bool { return s.Secret(name("tls")) != nil })
	if _, found := s.Secret(name("tls")).Data["password"]; found {
		t.Error("a key that no certificate is made of is kept in memory")
	}

	create(t, c, newRoute(namespace, "p"))
	r.until(t, "the ProxyRoute", hasRoute(namespace, "p"))
	create(t, c, newPolicy(namespace, "p"))
	r.until(t, "the ProxyPolicy", hasPolicy(namespace, "p"))

	class := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Spec: networkingv1.IngressClassSpec{Controller: snapshot.ControllerName}}
	create(t, c, class)
	r.until(t, "the IngressClass", func(s *snapshot.Snapshot) bool {
		for _, known := range s.IngressClasses() {
			if known.Name == class.Name {
				return true
			}
		}
		return false
	})

	if err := c.Delete(t.Context(), newIngress(namespace, "a")); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the Ingress gone", func(s *snapshot.Snapshot) bool { return findIngress(s, namespace, "a") == nil })
}

func TestAChangeOfStatusBuildsNothing(t *testing.T) {
	c, namespace := writer(t), server.Namespace(t)
	r := run(t, nil)
	ingress := newIngress(namespace, "a")
	create(t, c, ingress)
	r.until(t, "the Ingress", hasIngress(namespace, "a"))
	before := r.builds.Load()

	ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.1"}}
	if err := c.Status().Update(t.Context(), ingress); err != nil {
		t.Fatal(err)
	}
	r.seen(t, ingress)

	// The events of one kind come in turn: after the build for this one, none can
	// follow for the status.
	ingress.Labels = map[string]string{"changed": "yes"}
	if err := c.Update(t.Context(), ingress); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the label", func(s *snapshot.Snapshot) bool { return findIngress(s, namespace, "a").Labels["changed"] == "yes" })
	if made := r.builds.Load() - before; made != 1 {
		t.Errorf("%d builds for a change of status and one of a label, want 1", made)
	}
}

// seen waits until the caches have the object as it is.
func (r *running) seen(t *testing.T, object client.Object) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		var is networkingv1.Ingress
		if err := r.Client().Get(ctx, client.ObjectKeyFromObject(object), &is); err == nil && is.ResourceVersion == object.GetResourceVersion() {
			return
		}
		if !pause(ctx, time.Millisecond) {
			t.Fatalf("the caches do not have %s as it is", client.ObjectKeyFromObject(object))
		}
	}
}

func TestEndpointsGoTheirOwnWay(t *testing.T) {
	c, namespace := writer(t), server.Namespace(t)
	r := run(t, nil)
	create(t, c, newIngress(namespace, "a"))
	r.until(t, "the Ingress", hasIngress(namespace, "a"))
	before := r.builds.Load()

	web := types.NamespacedName{Namespace: namespace, Name: "web"}
	one, two := newSlice(namespace, "web-1", "web", "10.1.0.1"), newSlice(namespace, "web-2", "web", "10.1.0.2")
	create(t, c, one)
	r.expectSlices(t, web, 1)
	create(t, c, two)
	r.expectSlices(t, web, 2)
	for _, slice := range []client.Object{one, two} {
		if err := c.Delete(t.Context(), slice); err != nil {
			t.Fatal(err)
		}
	}
	r.expectSlices(t, web, 0)

	create(t, c, newIngress(namespace, "b"))
	r.until(t, "the other Ingress", hasIngress(namespace, "b"))
	if made := r.builds.Load() - before; made != 1 {
		t.Errorf("%d builds for four changes of EndpointSlices and one Ingress, want 1", made)
	}
}

// expectSlices waits until a call for the Service brings that many slices.
func (r *running) expectSlices(t *testing.T, service types.NamespacedName, n int) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case sent := <-r.endpoints:
			if sent.service == service && len(sent.slices) == n {
				return
			}
		case <-late:
			t.Fatalf("no call with %d slices of %s", n, service)
		}
	}
}

func TestPodsGoDownTheLaneOfTheirEndpoints(t *testing.T) {
	c, namespace := writer(t), server.Namespace(t)
	web := types.NamespacedName{Namespace: namespace, Name: "web"}
	r := run(t, nil)
	create(t, c, newIngress(namespace, "a"))
	r.until(t, "the Ingress", hasIngress(namespace, "a"))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web-0", Labels: map[string]string{"version": "1"}, Annotations: map[string]string{"other": "1"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web"}}},
	}
	create(t, c, pod)
	slice := newSlice(namespace, "web-1", "web", "10.1.0.1")
	slice.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name}
	create(t, c, slice)
	r.expectReady(t, web, "")

	pod.Annotations[snapshot.ReadyAnnotation] = "false"
	update(t, c, pod)
	r.expectReady(t, web, "false")
	before := r.builds.Load()
	pod.Labels["build"] = "please"
	update(t, c, pod)
	s := r.until(t, "the label that asks for a build", func(s *snapshot.Snapshot) bool {
		pod := s.Pod(types.NamespacedName{Namespace: namespace, Name: pod.Name})
		return pod != nil && pod.Labels["build"] == "please"
	})
	if r.builds.Load() == before {
		t.Error("what the lane asked for was not built")
	}
	if kept := s.Pod(types.NamespacedName{Namespace: namespace, Name: pod.Name}).Annotations; len(kept) != 1 {
		t.Errorf("of the Pod these annotations are kept: %v, want the one that is read", kept)
	}
}

// update writes an object.
func update(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	if err := c.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// expectReady waits until a call for the Service brings that one value of the annotation.
func (r *running) expectReady(t *testing.T, service types.NamespacedName, value string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case sent := <-r.endpoints:
			if sent.service == service && len(sent.ready) == 1 && sent.ready[0] == value {
				return
			}
		case <-late:
			t.Fatalf("no call with %q for the Pod of %s", value, service)
		}
	}
}

func TestANamespaceIsWatchedAloneButForWhatFlagsName(t *testing.T) {
	c, own, other := writer(t), server.Namespace(t), server.Namespace(t)
	publish := types.NamespacedName{Namespace: other, Name: "sluice"}
	certificate := types.NamespacedName{Namespace: other, Name: "tls"}
	for _, name := range []string{publish.Name, "unnamed"} {
		create(t, c, newService(other, name))
	}
	for _, name := range []string{certificate.Name, "unnamed"} {
		create(t, c, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: other, Name: name}})
	}
	create(t, c, newIngress(other, "a"))
	create(t, c, newIngress(own, "a"))

	r := run(t, func(o *Options) { o.Namespace, o.PublishService, o.Certificate = own, publish, certificate })
	s := r.until(t, "the Ingress of the namespace", hasIngress(own, "a"))
	unnamed := types.NamespacedName{Namespace: other, Name: "unnamed"}
	got := map[string]bool{
		"the publish Service":             s.Service(publish) != nil,
		"the default certificate":         s.Secret(certificate) != nil,
		"an Ingress of another namespace": findIngress(s, other, "a") != nil,
		"a Service of another namespace":  s.Service(unnamed) != nil,
		"a Secret of another namespace":   s.Secret(unnamed) != nil,
	}
	want := map[string]bool{"the publish Service": true, "the default certificate": true}
	for what, is := range got {
		if is != want[what] {
			t.Errorf("%s is there: %t, want %t", what, is, want[what])
		}
	}
}

func TestProxyRoutesAreServedOnceTheirCRDIsInstalled(t *testing.T) {
	server.Empty(t)
	c, namespace := writer(t), server.Namespace(t)
	r := run(t, nil)
	create(t, c, newIngress(namespace, "a"))
	r.until(t, "the Ingress, without the CRD", hasIngress(namespace, "a"))

	server.InstallCRDs(t)
	create(t, c, newRoute(namespace, "p"))
	r.until(t, "the ProxyRoute", hasRoute(namespace, "p"))
	create(t, c, newPolicy(namespace, "p"))
	r.until(t, "the ProxyPolicy", hasPolicy(namespace, "p"))
	// It may name texts and CAs, also where there is no Gateway API.
	create(t, c, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pages"}, Data: map[string]string{"a": "b"}})
	r.until(t, "the ConfigMap", func(s *snapshot.Snapshot) bool {
		return s.ConfigMap(types.NamespacedName{Namespace: namespace, Name: "pages"}) != nil
	})
}

func TestGatewaysAreServedOnceTheirCRDsAreInstalled(t *testing.T) {
	server.Empty(t)
	c, namespace := writer(t), server.Namespace(t)
	r := run(t, nil)
	create(t, c, newIngress(namespace, "a"))
	s := r.until(t, "the Ingress, without the CRDs", hasIngress(namespace, "a"))
	if s.Namespace(namespace) != nil {
		t.Error("Namespaces are watched although no Gateway needs them")
	}

	server.InstallStandardGatewayCRDs(t)
	create(t, c, &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "g"},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: "sluice",
			Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		},
	})
	create(t, c, &gatewayv1.TCPRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "t"},
		Spec:       gatewayv1.TCPRouteSpec{Rules: []gatewayv1.TCPRouteRule{{BackendRefs: []gatewayv1.BackendRef{{BackendObjectReference: gatewayv1.BackendObjectReference{Name: "web", Port: new(gatewayv1.PortNumber(80))}}}}}},
	})
	create(t, c, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ca"},
		Data:       map[string]string{"ca.crt": strings.Repeat("c", longestParameter+1), "type": "LoadBalancer", "page": strings.Repeat("p", longestParameter+1)},
	})
	s = r.until(t, "the objects of the Gateway API", func(s *snapshot.Snapshot) bool {
		return len(s.Gateways()) == 1 && len(s.TCPRoutes()) == 1 && s.ConfigMap(types.NamespacedName{Namespace: namespace, Name: "ca"}) != nil
	})
	if s.Namespace(namespace) == nil {
		t.Error("the Namespace of the Gateway is missing")
	}
	kept := s.ConfigMap(types.NamespacedName{Namespace: namespace, Name: "ca"}).Data
	if len(kept) != 2 || kept["type"] == "" || kept["ca.crt"] == "" {
		t.Errorf("of the ConfigMap %d values are kept, want the bundle and the short one", len(kept))
	}

	server.InstallGatewayCRDs(t) // What only the experimental channel has.
	create(t, c, &gatewayxv1.XBackendTrafficPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "x"},
		Spec:       gatewayxv1.BackendTrafficPolicySpec{TargetRefs: []gatewayv1.LocalPolicyTargetReference{{Kind: "Service", Name: "web"}}},
	})
	r.until(t, "the object of the experimental channel", func(s *snapshot.Snapshot) bool {
		return len(s.Gateways()) == 1 && len(s.XBackendTrafficPolicies()) == 1
	})
}

func TestKindsThatMayNotBeReadAreLeftOut(t *testing.T) {
	server.InstallCRDs(t)
	server.InstallGatewayCRDs(t)
	c, namespace := writer(t), server.Namespace(t)
	clients, err := kubernetes.NewForConfig(server.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	read := func(group string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"get", "list", "watch"}}
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "without-gateways"}, Rules: []rbacv1.PolicyRule{
		read("", "services", "secrets"), read("networking.k8s.io", "ingresses", "ingressclasses"), read("discovery.k8s.io", "endpointslices"),
	}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: role.Name}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
	}
	if _, err := clients.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := clients.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r := run(t, func(o *Options) { o.Config.Impersonate.UserName = role.Name })
	create(t, c, newIngress(namespace, "a"))
	s := r.until(t, "the Ingress, without the rights for Gateways", hasIngress(namespace, "a"))
	if len(s.Gateways()) > 0 || s.Namespace(namespace) != nil {
		t.Error("there are objects that may not be read")
	}
}

func TestAnAPIServerThatWasAwayIsCaughtUpWith(t *testing.T) {
	server.InstallCRDs(t)
	c, namespace := writer(t), server.Namespace(t)
	before := run(t, nil)
	create(t, c, newIngress(namespace, "a"))
	before.until(t, "the Ingress", hasIngress(namespace, "a"))

	server.Pause(t)
	during := run(t, nil) // Starts while there is nobody to ask.
	built := before.builds.Load()
	if !pause(t.Context(), 3*outageRetry) {
		t.Fatal("stopped")
	}
	if made := before.builds.Load() - built; made != 0 {
		t.Errorf("%d builds while the API server was away, want none: the last table stays", made)
	}
	if made := during.builds.Load(); made != 0 {
		t.Errorf("%d builds before anything was listed, want none", made)
	}
	server.Resume(t)

	create(t, c, newIngress(namespace, "b"))
	create(t, c, newSlice(namespace, "web-1", "web", "10.1.0.1"))
	before.until(t, "what was made after the outage", hasIngress(namespace, "b"))
	before.expectSlices(t, types.NamespacedName{Namespace: namespace, Name: "web"}, 1)
	s := during.until(t, "what was made after the outage", hasIngress(namespace, "b"))
	if findIngress(s, namespace, "a") == nil {
		t.Error("the controller that started during the outage does not have what was made before it")
	}
}

func TestOptionsThatLackSomethingAreRefused(t *testing.T) {
	complete := Options{
		Config:    &rest.Config{},
		Build:     func(context.Context, *snapshot.Snapshot) {},
		Endpoints: func(types.NamespacedName, []*discoveryv1.EndpointSlice, snapshot.Pods) bool { return false },
	}
	cases := map[string]func(*Options){
		"no way to the API server": func(o *Options) { o.Config = nil },
		"nobody to build":          func(o *Options) { o.Build = nil },
		"nobody for endpoints":     func(o *Options) { o.Endpoints = nil },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			o := complete
			change(&o)
			if _, err := New(o); err == nil {
				t.Error("no error")
			}
		})
	}
}
