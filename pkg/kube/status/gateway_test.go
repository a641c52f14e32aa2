package status

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// estate is a cluster with a Gateway, and what a translation says of it.
type estate struct {
	*cluster
	*term
	class *gatewayv1.GatewayClass
	gw    *gatewayv1.Gateway
	found verdict.Set
	// objects are what else the snapshot holds.
	objects []runtime.Object
}

func newEstate(t *testing.T, change func(*gatewayv1.Gateway)) *estate {
	t.Helper()
	server.InstallGatewayCRDs(t)
	e := &estate{cluster: newCluster(t)}
	e.class = &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: e.namespace}, Spec: gatewayv1.GatewayClassSpec{ControllerName: snapshot.GatewayControllerName}}
	e.make(t, e.class)
	e.gw = &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "public"},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(e.class.Name),
			Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		},
	}
	if change != nil {
		change(e.gw)
	}
	e.make(t, e.gw)
	pods := types.NamespacedName{Namespace: e.namespace, Name: "sluice-pods"}
	e.make(t, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: pods.Namespace, Name: "sluice-pods-1", Labels: map[string]string{discoveryv1.LabelServiceName: pods.Name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.1.0.9"}}, {Addresses: []string{"10.1.0.8"}}},
	})
	e.term = e.newTerm(func(o *Options) { o.Pods = pods })
	e.translate()
	return e
}

func good(kinds ...string) []metav1.Condition {
	var conditions []metav1.Condition
	for _, kind := range kinds {
		conditions = append(conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: kind, ObservedGeneration: 1})
	}
	return conditions
}

// translate makes the verdicts that a translation would find.
func (e *estate) translate() {
	e.found = verdict.Set{
		Classes: []verdict.Class{{Object: e.class, Conditions: good(Accepted)}},
		Gateways: []verdict.Gateway{{
			Object: e.gw, Class: e.class, Conditions: good(Accepted, Programmed),
			Listeners: []gatewayv1.ListenerStatus{{Name: "http", AttachedRoutes: 3, Conditions: good(Accepted, Programmed)}},
			Ports: []verdict.Port{
				{Number: 80, Protocol: corev1.ProtocolTCP, Target: 20080},
				{Number: 80, Protocol: corev1.ProtocolUDP, Target: 20081},
			},
		}},
	}
}

// turn hands the verdicts to the writer and lets it write.
func (e *estate) turn(t *testing.T) {
	t.Helper()
	var services corev1.ServiceList
	if err := e.List(t.Context(), &services, client.InNamespace(e.namespace)); err != nil {
		t.Fatal(err)
	}
	var b snapshot.Builder
	b.Add(e.class, e.gw, &services)
	b.Add(e.objects...)
	e.Report(b.Snapshot(), &e.found, nil)
	<-e.wake
	e.pass(t.Context())
}

// still checks that another turn writes nothing.
func (e *estate) still(t *testing.T) {
	t.Helper()
	before := e.writes.Load()
	e.turn(t)
	if n := e.writes.Load() - before; n != 0 {
		t.Errorf("%d writes although nothing changed", n)
	}
}

func (e *estate) service(t *testing.T) *corev1.Service {
	t.Helper()
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "sluice-public"}}
	e.refresh(t, service)
	return service
}

// give is what a cloud does.
func (e *estate) give(t *testing.T, ip string) {
	t.Helper()
	service := e.service(t)
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: ip}}
	if err := e.Status().Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
}

// wants compares a condition of the Gateway in short.
func (e *estate) wants(t *testing.T, kind, want string) {
	t.Helper()
	e.refresh(t, e.gw)
	got := meta.FindStatusCondition(e.gw.Status.Conditions, kind)
	if got == nil || string(got.Status)+" "+got.Reason != want {
		t.Errorf("%s is %+v, want %s", kind, got, want)
	}
}

func TestAGatewayGetsAServiceAndItsAddress(t *testing.T) {
	e := newEstate(t, func(gw *gatewayv1.Gateway) {
		gw.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{
			Labels:      map[gatewayv1.LabelKey]gatewayv1.LabelValue{"team": "shop"},
			Annotations: map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"cloud": "internal"},
		}
	})
	e.turn(t)
	service := e.service(t)
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Labels["team"] != "shop" || service.Annotations["cloud"] != "internal" ||
		service.Labels[verdict.GatewayLabel] != "public" || service.OwnerReferences[0].UID != e.gw.UID {
		t.Errorf("the Service is %+v", service)
	}
	var slice discoveryv1.EndpointSlice
	if err := e.Get(t.Context(), types.NamespacedName{Namespace: e.namespace, Name: "sluice-public-ipv4"}, &slice); err != nil {
		t.Fatal(err)
	}
	if len(slice.Endpoints) != 2 || slice.Endpoints[0].Addresses[0] != "10.1.0.8" || *slice.Ports[0].Port != 20080 || *slice.Ports[1].Port != 20081 {
		t.Errorf("the EndpointSlice is %+v", slice)
	}
	e.wants(t, Accepted, "True Accepted")
	e.wants(t, Programmed, "False AddressNotAssigned")
	e.still(t)

	e.give(t, "192.0.2.7")
	e.turn(t)
	e.wants(t, Programmed, "True Programmed")
	kind := gatewayv1.IPAddressType
	if diff := cmp.Diff([]gatewayv1.GatewayStatusAddress{{Type: &kind, Value: "192.0.2.7"}}, e.gw.Status.Addresses); diff != "" {
		t.Errorf("addresses: %s", diff)
	}
	if l := e.gw.Status.Listeners; len(l) != 1 || l[0].AttachedRoutes != 3 {
		t.Errorf("listeners: %+v", l)
	}
	e.refresh(t, e.class)
	if n := len(e.class.Status.SupportedFeatures); n < 40 || !meta.IsStatusConditionTrue(e.class.Status.Conditions, Accepted) {
		t.Errorf("the class has %d features and %+v", n, e.class.Status.Conditions)
	}
	e.still(t)

	// What the Gateway asks for no more goes from the Service, and what others
	// wrote to it stays.
	service = e.service(t)
	service.Annotations["theirs"] = "stays"
	if err := e.Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	e.gw.Spec.Infrastructure = nil
	e.found.Gateways[0].Ports = e.found.Gateways[0].Ports[:1]
	e.turn(t)
	service = e.service(t)
	if service.Labels["team"] != "" || service.Annotations["cloud"] != "" || service.Annotations["theirs"] != "stays" || len(service.Spec.Ports) != 1 {
		t.Errorf("the Service is %+v", service)
	}
	e.still(t)
}

func TestAServiceGoesWithItsGateway(t *testing.T) {
	e := newEstate(t, nil)
	e.turn(t)
	name := types.NamespacedName{Namespace: e.namespace, Name: "sluice-public"}
	e.found.Gateways = nil
	e.turn(t)
	for object, n := range map[client.Object]types.NamespacedName{
		&corev1.Service{}:            name,
		&discoveryv1.EndpointSlice{}: {Namespace: e.namespace, Name: "sluice-public-ipv4"},
	} {
		if err := e.Get(t.Context(), n, object); !apierrors.IsNotFound(err) {
			t.Errorf("%T is still there: %v", object, err)
		}
	}
	e.still(t)
}

func TestAServiceOfSomeoneElseStays(t *testing.T) {
	e := newEstate(t, nil)
	theirs := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "sluice-public"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 5432}}},
	}
	e.make(t, theirs)
	e.turn(t)
	e.wants(t, Programmed, "False AddressNotAssigned")
	if p := e.service(t).Spec.Ports; len(p) != 1 || p[0].Port != 5432 {
		t.Errorf("it has the ports %+v", p)
	}
	e.found.Gateways = nil
	e.turn(t)
	e.service(t) // It is still there.
}

func TestAddressesThatAreAskedFor(t *testing.T) {
	hostname := gatewayv1.HostnameAddressType
	tests := map[string]struct {
		ask                  []gatewayv1.GatewaySpecAddress
		given                string
		accepted, programmed string
	}{
		"any IP address":             {[]gatewayv1.GatewaySpecAddress{{Type: new(gatewayv1.IPAddressType)}}, "192.0.2.1", "True Accepted", "True Programmed"},
		"any address":                {[]gatewayv1.GatewaySpecAddress{{}}, "192.0.2.1", "True Accepted", "True Programmed"},
		"an address that is given":   {[]gatewayv1.GatewaySpecAddress{{Value: "192.0.2.9"}}, "192.0.2.9", "True Accepted", "True Programmed"},
		"an address that is not":     {[]gatewayv1.GatewaySpecAddress{{Value: "192.0.2.9"}}, "192.0.2.1", "True Accepted", "False AddressNotUsable"},
		"one of two is given":        {[]gatewayv1.GatewaySpecAddress{{Value: "192.0.2.9"}, {Value: "192.0.2.8"}}, "192.0.2.9", "True Accepted", "False AddressNotUsable"},
		"a type that is not offered": {[]gatewayv1.GatewaySpecAddress{{Type: &hostname, Value: "a.example"}}, "", "False UnsupportedAddress", "False Invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, func(gw *gatewayv1.Gateway) { gw.Spec.Addresses = tt.ask })
			e.turn(t)
			if tt.given != "" {
				if got := e.service(t).Spec.LoadBalancerIP; got != tt.ask[0].Value {
					t.Errorf("the Service asks for %q, want %q", got, tt.ask[0].Value)
				}
				e.give(t, tt.given)
				e.turn(t)
			}
			e.wants(t, Accepted, tt.accepted)
			e.wants(t, Programmed, tt.programmed)
			e.still(t)
		})
	}
}

func TestEachAddressThatIsAskedForHasAService(t *testing.T) {
	asked := []gatewayv1.GatewaySpecAddress{{Value: "192.0.2.9"}, {Value: "192.0.2.8"}}
	e := newEstate(t, func(gw *gatewayv1.Gateway) { gw.Spec.Addresses = asked })
	e.turn(t)
	services := func() []corev1.Service {
		var list corev1.ServiceList
		if err := e.List(t.Context(), &list, client.InNamespace(e.namespace), client.HasLabels{verdict.GatewayLabel}); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(list.Items, func(a, b corev1.Service) int { return strings.Compare(b.Spec.LoadBalancerIP, a.Spec.LoadBalancerIP) })
		return list.Items
	}
	made := services()
	if len(made) != 2 || made[0].Name != "sluice-public" || made[1].Spec.LoadBalancerIP != "192.0.2.8" || len(made[1].Spec.Ports) != 2 {
		t.Fatalf("the Services are %+v", made)
	}
	for i := range made {
		e.wants(t, Programmed, "False AddressNotUsable")
		made[i].Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: made[i].Spec.LoadBalancerIP}}
		if err := e.Status().Update(t.Context(), &made[i]); err != nil {
			t.Fatal(err)
		}
		e.turn(t)
	}
	e.wants(t, Programmed, "True Programmed")
	if got := e.gw.Status.Addresses; len(got) != 2 || got[0].Value != "192.0.2.9" || got[1].Value != "192.0.2.8" {
		t.Errorf("addresses: %+v", got)
	}
	e.still(t)

	e.gw.Spec.Addresses = asked[:1]
	e.turn(t)
	if left := services(); len(left) != 1 || left[0].Name != "sluice-public" {
		t.Errorf("with one address there are the Services %+v", left)
	}
}

func TestParametersOfAGatewayThatAreNotThere(t *testing.T) {
	e := newEstate(t, func(gw *gatewayv1.Gateway) {
		gw.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{ParametersRef: &gatewayv1.LocalParametersReference{Kind: "ConfigMap", Name: "sizes"}}
	})
	e.turn(t)
	e.wants(t, Accepted, "False InvalidParameters")
	if err := e.Get(t.Context(), types.NamespacedName{Namespace: e.namespace, Name: "sluice-public"}, &corev1.Service{}); !apierrors.IsNotFound(err) {
		t.Errorf("there is a Service although nobody knows of which type: %v", err)
	}
	e.objects = append(e.objects, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "sizes"},
		Data:       map[string]string{"serviceType": "ClusterIP"},
	})
	e.turn(t)
	e.turn(t) // The Service has its address from the start.
	e.wants(t, Accepted, "True Accepted")
	e.wants(t, Programmed, "True Programmed")
	if got := e.gw.Status.Addresses; len(got) != 1 || got[0].Value != e.service(t).Spec.ClusterIP {
		t.Errorf("addresses: %+v", got)
	}
}

func TestParametersOfAClassThatAreNotThere(t *testing.T) {
	e := newEstate(t, nil)
	namespace := gatewayv1.Namespace(e.namespace)
	e.class.Spec.ParametersRef = &gatewayv1.ParametersReference{Kind: "ConfigMap", Name: "sizes", Namespace: &namespace}
	accepted := func(want string) {
		t.Helper()
		e.refresh(t, e.class)
		got := meta.FindStatusCondition(e.class.Status.Conditions, Accepted)
		if got == nil || string(got.Status)+" "+got.Reason != want {
			t.Errorf("of the class, Accepted is %+v, want %s", got, want)
		}
	}
	if err := e.Update(t.Context(), e.class); err != nil {
		t.Fatal(err)
	}
	e.turn(t)
	accepted("False InvalidParameters")
	e.wants(t, Accepted, "False InvalidParameters")
	e.still(t)

	e.objects = append(e.objects, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "sizes"}})
	e.turn(t)
	accepted("True Accepted")
	e.wants(t, Accepted, "True Accepted")
}

func TestAListenerSetOfAGatewayThatIsNotAccepted(t *testing.T) {
	hostname := gatewayv1.HostnameAddressType
	e := newEstate(t, func(gw *gatewayv1.Gateway) {
		gw.Spec.Addresses = []gatewayv1.GatewaySpecAddress{{Type: &hostname, Value: "a.example"}}
	})
	set := &gatewayv1.ListenerSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "more"},
		Spec: gatewayv1.ListenerSetSpec{
			ParentRef: gatewayv1.ParentGatewayReference{Name: "public"},
			Listeners: []gatewayv1.ListenerEntry{{Name: "http", Port: 81, Protocol: gatewayv1.HTTPProtocolType}},
		},
	}
	e.make(t, set)
	e.found.ListenerSets = []verdict.ListenerSet{{Object: set, Gateway: e.gw, Conditions: good(Accepted, Programmed)}}
	turn := func(want string) {
		t.Helper()
		e.turn(t)
		e.refresh(t, set)
		for _, kind := range []string{Accepted, Programmed} {
			if got := meta.FindStatusCondition(set.Status.Conditions, kind); got == nil || string(got.Status)+" "+got.Reason != strings.ReplaceAll(want, "TYPE", kind) {
				t.Errorf("of the ListenerSet, %s is %+v, want %s", kind, got, want)
			}
		}
	}
	turn("False ParentNotAccepted")
	e.still(t)
	e.gw.Spec.Addresses = nil
	turn("True TYPE")
}

func TestRoutesKeepWhatOthersWrote(t *testing.T) {
	e := newEstate(t, nil)
	route := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "shop"}}
	e.make(t, route)
	group, kind := gatewayv1.Group(gatewayv1.GroupName), gatewayv1.Kind("Gateway")
	parent := func(name, controller string, types ...string) gatewayv1.RouteParentStatus {
		return gatewayv1.RouteParentStatus{
			ParentRef:      gatewayv1.ParentReference{Group: &group, Kind: &kind, Name: gatewayv1.ObjectName(name)},
			ControllerName: gatewayv1.GatewayController(controller),
			Conditions:     good(types...),
		}
	}
	own := string(snapshot.GatewayControllerName)
	written := []gatewayv1.RouteParentStatus{
		parent("gone", own, Accepted),
		parent("public", "example.com/other", "Theirs"),
		parent("public", own, "Theirs", "PartiallyInvalid", Accepted),
	}
	for i := range written {
		for j := range written[i].Conditions {
			written[i].Conditions[j].LastTransitionTime = metav1.Unix(1e9, 0)
		}
	}
	route.Status.Parents = written
	if err := e.Status().Update(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	e.found.Routes = []verdict.Route{{Kind: "HTTPRoute", Object: route, Status: &route.Status.RouteStatus, Parents: []gatewayv1.RouteParentStatus{
		parent("second", own, Accepted, ResolvedRefs), parent("public", own, Accepted, ResolvedRefs),
	}}}
	e.turn(t)
	e.refresh(t, route)
	var got []string
	for _, p := range route.Status.Parents {
		line := string(p.ParentRef.Name) + " by " + string(p.ControllerName) + ":"
		for _, c := range p.Conditions {
			line += " " + c.Type
			if c.LastTransitionTime.Unix() == 1e9 {
				line += " since ever"
			}
		}
		got = append(got, line)
	}
	want := []string{
		"public by example.com/other: Theirs since ever",
		"public by " + own + ": Theirs since ever Accepted since ever ResolvedRefs",
		"second by " + own + ": Accepted ResolvedRefs",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	e.still(t)

	e.found.Routes[0].Parents = nil
	e.turn(t)
	e.refresh(t, route)
	if len(route.Status.Parents) != 1 || route.Status.Parents[0].ControllerName == snapshot.GatewayControllerName {
		t.Errorf("parents of a route that is none of ours: %+v", route.Status.Parents)
	}
}

// TestGatewayNameMaximumLength asks what the test of this name of the conformance suite of
// version 1.7 does.
func TestGatewayNameMaximumLength(t *testing.T) {
	e := newEstate(t, nil)
	gw := e.gw.DeepCopy()
	gw.ObjectMeta = metav1.ObjectMeta{Namespace: e.namespace, Name: strings.Repeat("a", 63) + "." + strings.Repeat("b", 189)}
	e.make(t, gw)
	e.gw = gw
	e.translate()
	e.turn(t)
	var services corev1.ServiceList
	if err := e.List(t.Context(), &services, client.InNamespace(e.namespace), client.HasLabels{verdict.GatewayLabel}); err != nil {
		t.Fatal(err)
	}
	if len(services.Items) != 1 || services.Items[0].Labels[verdict.GatewayLabel] != verdict.GatewayLabelValue(gw.Name) {
		t.Fatalf("the Services of the Gateway are %+v", services.Items)
	}
	service := &services.Items[0]
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.7"}}
	if err := e.Status().Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	e.turn(t)
	e.wants(t, Accepted, "True Accepted")
	e.wants(t, Programmed, "True Programmed")
	e.still(t)
}

// TestGatewayPreserveForeignConditions asks what the test of this name of the conformance
// suite of version 1.7 does.
func TestGatewayPreserveForeignConditions(t *testing.T) {
	e := newEstate(t, nil)
	theirs := metav1.Condition{Type: "example.com/Theirs", Status: metav1.ConditionFalse, Reason: "Why", Message: "because", LastTransitionTime: metav1.Unix(1e9, 0)}
	e.gw.Status.Conditions = []metav1.Condition{theirs}
	e.gw.Status.Listeners = []gatewayv1.ListenerStatus{{Name: "http", SupportedKinds: []gatewayv1.RouteGroupKind{}, Conditions: []metav1.Condition{theirs}}}
	if err := e.Status().Update(t.Context(), e.gw); err != nil {
		t.Fatal(err)
	}
	e.turn(t)
	e.refresh(t, e.gw)
	for what, list := range map[string][]metav1.Condition{"the Gateway": e.gw.Status.Conditions, "the listener": e.gw.Status.Listeners[0].Conditions} {
		got := meta.FindStatusCondition(list, theirs.Type)
		if got == nil || !got.LastTransitionTime.Equal(&theirs.LastTransitionTime) || got.Message != theirs.Message {
			t.Errorf("the condition of somebody else at %s is %+v", what, got)
		}
		if !meta.IsStatusConditionTrue(list, Accepted) {
			t.Errorf("the conditions of %s are %+v", what, list)
		}
	}
	e.still(t)
}

func TestFeaturesAreSorted(t *testing.T) {
	var names []string
	for _, f := range supportedFeatures() {
		names = append(names, string(f.Name))
	}
	if !slices.IsSorted(names) || !slices.Contains(names, "UDPRoute") || slices.Contains(names, "Mesh") {
		t.Errorf("features: %v", names)
	}
}
