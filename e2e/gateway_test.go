package e2e

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/e2e/load"
)

// gatewayManifest is a Gateway of one HTTP listener on port 80 with a route to a Service.
func gatewayManifest(name, service string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  gatewayClassName: sluice
  listeners:
  - {name: http, port: 80, protocol: HTTP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  parentRefs: [{name: %[1]s}]
  rules:
  - backendRefs: [{name: %[3]s, port: 80}]
---
`, name, apps, service)
}

// gatewayFront waits until a Gateway is programmed and returns its address.
func gatewayFront(t *testing.T, name string) front {
	t.Helper()
	kubectl(t, "-n", apps, "wait", "gateway/"+name, "--for=condition=Programmed", "--timeout=120s")
	address := kubectl(t, "-n", apps, "get", "gateway/"+name, "-o", "jsonpath={.status.addresses[0].value}")
	return front{http: net.JoinHostPort(address, "80")}
}

// needGatewayAddresses ends a test on a cluster that gives Services of type
// LoadBalancer no address.
func needGatewayAddresses(t *testing.T) bool {
	t.Helper()
	if os.Getenv("E2E_NODE_PORTS") != "" {
		t.Log("this cluster gives Services no addresses, so Gateways have none")
		return false
	}
	return true
}

// testGateways wants two Gateways on one port at addresses of their own, and the
// Service of a Gateway gone with it.
func testGateways(t *testing.T) {
	if !needGatewayAddresses(t) {
		return
	}
	apply(t, gatewayManifest("one", "shop")+gatewayManifest("two", "blog"))
	one, two := gatewayFront(t, "one"), gatewayFront(t, "two")
	if one == two {
		t.Fatalf("both Gateways have the address %s", one.http)
	}
	one.eventually(t, "http://any.example.com/", 200, from("shop"))
	two.eventually(t, "http://any.example.com/", 200, from("blog"))
	frontAddress(t).eventually(t, "http://any.example.com/", 404, "")

	kubectl(t, "-n", apps, "delete", "gateway/one")
	until(t, patience, "the Service of the Gateway is gone", func() error {
		if left := kubectl(t, "-n", apps, "get", "services,endpointslices", "-l", "gateway.networking.k8s.io/gateway-name=one", "-o", "name"); left != "" {
			return fmt.Errorf("left: %s", left)
		}
		return nil
	})
	two.eventually(t, "http://any.example.com/", 200, from("blog"))
}

// testGatewaySelfUpgrade replaces all pods of Sluice while a Gateway is asked
// steadily: its EndpointSlices are Sluice's own work.
func testGatewaySelfUpgrade(t *testing.T) {
	if !needGatewayAddresses(t) {
		return
	}
	apply(t, gatewayManifest("steady", "shop"))
	f := gatewayFront(t, "steady")
	f.everywhere(t, "http://steady.example.com/", 200, from("shop"))
	run := load.Start(load.Options{Address: f.http, Host: "steady.example.com", Rate: rate, Expect: from("shop")})
	time.Sleep(2 * time.Second)
	helmUpgrade(t, fmt.Sprintf("controller.podAnnotations.rolled=gateway-%d", time.Now().Unix()))
	waitRolledOut(t, namespace, "deployment/sluice-controller")
	waitGone(t, 2)
	time.Sleep(3 * time.Second)
	wantNoFailure(t, run.Stop(), 300)
	until(t, patience, "the Gateway leads to two Pods", func() error {
		slices := kubectl(t, "-n", apps, "get", "endpointslices", "-l", "kubernetes.io/service-name=sluice-steady", "-o", "jsonpath={.items[*].endpoints[*].addresses[0]}")
		if len(strings.Fields(slices)) != 2 {
			return fmt.Errorf("it leads to %q", slices)
		}
		return nil
	})
}
