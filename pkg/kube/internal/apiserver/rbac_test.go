package apiserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/controller"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/status"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

// account is the user that config/rbac gives its rights to.
const account = "system:serviceaccount:sluice-system:sluice"

// patience bounds each wait for something that must happen.
const patience = 90 * time.Second

// install creates the objects of the manifests in a folder of this repository.
func install(t *testing.T, c client.Client, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root(), folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests in %s: %v", folder, err)
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		for documents := yaml.NewYAMLOrJSONDecoder(f, 4096); ; {
			var object unstructured.Unstructured
			if err := documents.Decode(&object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if len(object.Object) == 0 {
				continue // Nothing but a comment.
			}
			if err := c.Create(t.Context(), &object, client.FieldValidation("Strict")); err != nil {
				t.Fatalf("%s: create %s %s: %v", file, object.GetKind(), object.GetName(), err)
			}
		}
	}
}

func TestTheRightsOfTheChartAreEnoughAndNoMore(t *testing.T) {
	server.InstallCRDs(t)
	server.InstallGatewayCRDs(t)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, rbacv1.AddToScheme, gatewayv1.Install} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := client.New(server.Config(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "sluice-system"}}); err != nil {
		t.Fatal(err)
	}
	install(t, admin, "config/rbac")
	install(t, admin, "config/manager")
	config := server.Config(t)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:sluice-system", "system:authenticated"},
	}

	namespace := server.Namespace(t)
	class := "sluice"
	ingress := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "a"},
		Spec: networkingv1.IngressSpec{IngressClassName: &class, DefaultBackend: &networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}},
		}},
	}
	route := proxyRoute(t, namespace, `{hosts: [www.example.com], routes: [{backends: [{address: "192.0.2.1:80"}]}]}`)
	policy := proxyPolicy(t, namespace, `{limits: {maxActive: 1}}`)
	gatewayClass := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Spec: gatewayv1.GatewayClassSpec{ControllerName: snapshot.GatewayControllerName}}
	gateway := &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "public"},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(class),
			Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		},
	}
	pod := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: pods.Namespace, Name: "a", Labels: map[string]string{discoveryv1.LabelServiceName: pods.Name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.1.0.1"}}},
	}
	for _, object := range []client.Object{ingress, route, policy, gatewayClass, gateway, pod} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}

	lead(t, config, func(r *report.Set) {
		r.Errorf(report.Origin{Kind: "Ingress", Namespace: namespace, Name: "a"}, "spec.defaultBackend", report.BackendNotFound, "there is no Service")
	})
	eventually(t, "the Ingress publishes an address", func() bool {
		return admin.Get(t.Context(), client.ObjectKeyFromObject(ingress), ingress) == nil && len(ingress.Status.LoadBalancer.Ingress) == 1
	})
	eventually(t, "the ProxyRoute has conditions", func() bool {
		var is v1alpha1.ProxyRoute
		return admin.Get(t.Context(), client.ObjectKeyFromObject(route), &is) == nil && len(is.Status.Conditions) == 3
	})
	eventually(t, "the ProxyPolicy has a status", func() bool {
		var is v1alpha1.ProxyPolicy
		return admin.Get(t.Context(), client.ObjectKeyFromObject(policy), &is) == nil && len(is.Status.Ancestors) == 1
	})
	eventually(t, "the Ingress has an Event", func() bool {
		var events corev1.EventList
		return admin.List(t.Context(), &events, client.InNamespace(namespace)) == nil && len(events.Items) == 1
	})
	eventually(t, "the Gateway has a status, a Service and an EndpointSlice", func() bool {
		key := types.NamespacedName{Namespace: namespace, Name: "sluice-public"}
		slice := types.NamespacedName{Namespace: namespace, Name: "sluice-public-ipv4"}
		return admin.Get(t.Context(), client.ObjectKeyFromObject(gateway), gateway) == nil &&
			meta.FindStatusCondition(gateway.Status.Conditions, "Programmed").Reason == string(gatewayv1.GatewayReasonAddressNotAssigned) &&
			admin.Get(t.Context(), key, &corev1.Service{}) == nil && admin.Get(t.Context(), slice, &discoveryv1.EndpointSlice{}) == nil
	})
	if err := admin.Delete(t.Context(), gateway); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Service of a deleted Gateway is gone", func() bool {
		var left corev1.ServiceList
		return admin.List(t.Context(), &left, client.InNamespace(namespace)) == nil && len(left.Items) == 0
	})
	expectForbidden(t, config, scheme, namespace)
}

// pods is the Service that stands for Sluice's own Pods.
var pods = types.NamespacedName{Namespace: "sluice-system", Name: "sluice-controller-pods"}

// verdicts finds each Gateway and ProxyPolicy good.
func verdicts(s *snapshot.Snapshot) *verdict.Set {
	var found verdict.Set
	for _, gw := range s.Gateways() {
		found.Gateways = append(found.Gateways, verdict.Gateway{
			Object: gw, Class: s.GatewayClasses()[0],
			Conditions: []metav1.Condition{{Type: "Programmed", Status: metav1.ConditionTrue, Reason: "Programmed", ObservedGeneration: gw.Generation}},
			Ports:      []verdict.Port{{Number: 80, Protocol: corev1.ProtocolTCP, Target: 20080}},
		})
	}
	for _, policy := range s.ProxyPolicies() {
		group, kind := gatewayv1.Group(""), gatewayv1.Kind("Service")
		found.Policies = append(found.Policies, verdict.Policy{Kind: "ProxyPolicy", Object: policy, Ancestors: []gatewayv1.PolicyAncestorStatus{{
			AncestorRef: gatewayv1.ParentReference{Group: &group, Kind: &kind, Name: "web"}, ControllerName: snapshot.GatewayControllerName,
			Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, Reason: "Accepted", ObservedGeneration: policy.Generation}},
		}}})
	}
	return &found
}

// lead runs all that talks to the API server, as the elected replica.
func lead(t *testing.T, config *rest.Config, facts func(*report.Set)) {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	var writer *status.Writer
	watching, err := controller.New(controller.Options{
		Config: config,
		Logger: logger,
		Build: func(_ context.Context, s *snapshot.Snapshot) {
			var found report.Set
			facts(&found)
			writer.Report(s, verdicts(s), &found)
		},
		Endpoints: func(types.NamespacedName, []*discoveryv1.EndpointSlice, snapshot.Pods) bool { return false },
	})
	if err != nil {
		t.Fatal(err)
	}
	writer = status.New(status.Options{
		Client: watching.Client(), Logger: logger, Instance: "sluice-0",
		Classes: snapshot.Classes{Names: []string{"sluice"}}, PublishAddresses: []string{"192.0.2.1"}, Pods: pods,
	})
	election := controller.Election{Config: config, Logger: logger, Namespace: "sluice-system", Name: "sluice-leader", Identity: "sluice-0"}
	// The context of a test ends before its clean-up.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 2)
	go func() { ended <- watching.Run(ctx) }()
	go func() { ended <- election.Run(ctx, writer.Run) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
	})
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); {
		if time.Now().After(end) {
			t.Fatal("this did not happen: " + what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// expectForbidden tries what an intruder in the Pod would like to do.
func expectForbidden(t *testing.T, config *rest.Config, scheme *runtime.Scheme, namespace string) {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	named := metav1.ObjectMeta{Namespace: namespace, Name: "x"}
	cases := map[string]func() error{
		"write a Secret":    func() error { return c.Create(t.Context(), &corev1.Secret{ObjectMeta: named}) },
		"write a ConfigMap": func() error { return c.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: named}) },
		"change the spec of an Ingress": func() error {
			return c.Patch(t.Context(), &networkingv1.Ingress{ObjectMeta: named}, client.RawPatch(types.MergePatchType, []byte(`{"spec":{}}`)))
		},
		"change the spec of a Gateway": func() error {
			return c.Patch(t.Context(), &gatewayv1.Gateway{ObjectMeta: named}, client.RawPatch(types.MergePatchType, []byte(`{"spec":{}}`)))
		},
		"list Nodes": func() error { return c.List(t.Context(), &corev1.NodeList{}) },
		"change a Pod": func() error {
			return c.Patch(t.Context(), &corev1.Pod{ObjectMeta: named}, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{}}}`)))
		},
		"give rights": func() error {
			return c.Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
		},
	}
	for what, do := range cases {
		if err := do(); !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v, want it forbidden", what, err)
		}
	}
}
