package app

import (
	"fmt"
	"net/http"
	"testing"
)

// policyOf is a ProxyPolicy.
func policyOf(name, spec string) string {
	return fmt.Sprintf(`---
apiVersion: sluice.dev/v1alpha1
kind: ProxyPolicy
metadata: {name: %s, namespace: demo}
spec:
%s
`, name, spec)
}

func TestProxyPoliciesAreInForce(t *testing.T) {
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules:
    - {name: rated, matches: [{path: {value: /rated}}], backendRefs: [{name: echo, port: 80}]}
    - {name: closed, matches: [{path: {value: /closed}}], backendRefs: [{name: echo, port: 80}]}
    - {matches: [{path: {value: /named}}], filters: [{type: ExtensionRef, extensionRef: {group: sluice.dev, kind: ProxyPolicy, name: named}}], backendRefs: [{name: echo, port: 80}]}
    - {matches: [{path: {value: /gone}}], filters: [{type: ExtensionRef, extensionRef: {group: sluice.dev, kind: ProxyPolicy, name: gone}}], backendRefs: [{name: echo, port: 80}]}
    - {name: slow, matches: [{path: {value: /slow}}], backendRefs: [{name: hangs, port: 80}]}
    - {backendRefs: [{name: echo, port: 80}]}`)+
		serviceOf("hangs", endpoint(t, hangs))+
		serviceOf("echo", endpoint(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("X-From")) }))+
		policyOf("gateway", `  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: g}]
  timeouts: {request: 1m}
  filters: [{type: RequestHeader, requestHeader: {set: [{name: X-From, value: gateway}]}}]`)+
		policyOf("rated", `  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop, sectionName: rated}]
  filters: [{type: RateLimit, rateLimit: {requests: 1, unit: Hour}}]`)+
		policyOf("closed", `  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop, sectionName: closed}]
  filters: [{type: BasicAuth, basicAuth: {secretName: gone}}]`)+
		policyOf("slow", `  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop, sectionName: slow}]
  timeouts: {request: 200ms}`)+
		policyOf("named", `  filters: [{type: RequestHeader, requestHeader: {set: [{name: X-From, value: named}]}}]`))
	want(t, gateway, "a.example", "/", 200, "gateway")
	want(t, gateway, "a.example", "/named", 200, "named")
	want(t, gateway, "a.example", "/rated", 200, "gateway")
	for path, status := range map[string]int{"/rated": 429, "/closed": 500, "/gone": 500, "/slow": 504} {
		if got, _, err := fetch(gateway, "a.example", path); err != nil || got != status {
			t.Errorf("%s: got %d, %v; want %d", path, got, err, status)
		}
	}
}
