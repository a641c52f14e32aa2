package translate_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
)

// estate adds Gateways with a listener each, and HTTPRoutes that are spread over them.
func estate(b *snapshot.Builder, gateways, routes int) {
	meta := func(name string, age int) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "default", Name: name, CreationTimestamp: metav1.NewTime(time.Unix(int64(age), 0))}
	}
	b.Add(&gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "sluice"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: snapshot.GatewayControllerName}})
	b.Add(service("shop"))
	for i := range gateways {
		b.Add(&gatewayv1.Gateway{
			ObjectMeta: meta(fmt.Sprintf("gateway-%d", i), i),
			Spec: gatewayv1.GatewaySpec{
				GatewayClassName: "sluice",
				Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
			},
		})
	}
	port := gatewayv1.PortNumber(80)
	for i := range routes {
		b.Add(&gatewayv1.HTTPRoute{
			ObjectMeta: meta(fmt.Sprintf("route-%d", i), i),
			Spec: gatewayv1.HTTPRouteSpec{
				CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: gatewayv1.ObjectName(fmt.Sprintf("gateway-%d", i%gateways))}}},
				Hostnames:       []gatewayv1.Hostname{gatewayv1.Hostname(fmt.Sprintf("shop-%d.example.com", i))},
				Rules: []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
					BackendObjectReference: gatewayv1.BackendObjectReference{Name: "shop", Port: &port},
				}}}}},
			},
		})
	}
}

// TestAThousandGatewaysHaveAPortEach also proves that each keeps its port once its
// Service says so, whatever other Gateways come and go.
func TestAThousandGatewaysHaveAPortEach(t *testing.T) {
	const n = 1000
	var b snapshot.Builder
	estate(&b, n, 5*n)
	config, verdicts, facts := translate.Translate(b.Snapshot(), translate.DefaultOptions())
	if err := ir.Validate(config); err != nil {
		t.Fatal(err)
	}
	if facts.Len() != 0 {
		t.Fatalf("there are complaints, such as %v", facts.All()[0])
	}
	ports := make(map[string]int32)
	taken := make(map[int32]bool)
	for i := range verdicts.Gateways {
		g := &verdicts.Gateways[i]
		if len(g.Ports) != 1 || taken[g.Ports[0].Target] || g.Listeners[0].AttachedRoutes != 5 {
			t.Fatalf("%s has the ports %v and %d routes", g.Object.Name, g.Ports, g.Listeners[0].AttachedRoutes)
		}
		taken[g.Ports[0].Target] = true
		ports[g.Object.Name] = g.Ports[0].Target
	}

	// Without the first half, the hashes of the others collide less; with the
	// Services, that must not move them.
	var rest snapshot.Builder
	rest.Add(&gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "sluice"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: snapshot.GatewayControllerName}})
	for i := n / 2; i < n; i++ {
		g := &verdicts.Gateways[i]
		rest.Add(g.Object, frontService(g.Object, g.Ports[0].Target))
	}
	_, verdicts, _ = translate.Translate(rest.Snapshot(), translate.DefaultOptions())
	for i := range verdicts.Gateways {
		g := &verdicts.Gateways[i]
		if g.Ports[0].Target != ports[g.Object.Name] {
			t.Errorf("%s moved from %d to %d", g.Object.Name, ports[g.Object.Name], g.Ports[0].Target)
		}
	}
}

// frontService is what the status writer makes for a Gateway.
func frontService(g *gatewayv1.Gateway, target int32) *corev1.Service {
	s := service("front-" + g.Name)
	s.Labels = map[string]string{"app.kubernetes.io/managed-by": "sluice", "gateway.networking.k8s.io/gateway-name": g.Name}
	s.Spec.Ports[0].TargetPort.IntVal = target
	return s
}

// BenchmarkTranslateGateways translates 1,000 Gateways and 5,000 HTTPRoutes.
func BenchmarkTranslateGateways(b *testing.B) {
	var objects snapshot.Builder
	estate(&objects, 1000, 5000)
	s := objects.Snapshot()
	o := translate.DefaultOptions()
	b.ReportAllocs()
	for b.Loop() {
		translate.Translate(s, o)
	}
}

// BenchmarkTranslateOneGateway translates 5,000 HTTPRoutes at one listener.
func BenchmarkTranslateOneGateway(b *testing.B) {
	var objects snapshot.Builder
	estate(&objects, 1, 5000)
	s := objects.Snapshot()
	o := translate.DefaultOptions()
	b.ReportAllocs()
	for b.Loop() {
		translate.Translate(s, o)
	}
}
