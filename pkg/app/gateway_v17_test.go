package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// The tests of this file are named after those that version 1.7 of the Gateway API's
// conformance suite adds, which cannot be built yet, and ask what these ask.

// serveGateway serves manifests with a Gateway "g" whose listeners are at port 8000.
func serveGateway(t *testing.T, manifests string) net.Addr {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newApp(t, func(o *Options) { o.PortMap = map[uint16]uint16{8000: port} })
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- a.Serve(ctx, dir, func() { close(started) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-started
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}
}

// gatewayOf is a Gateway with one listener for a host name.
func gatewayOf(hostname string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: demo}
spec:
  gatewayClassName: sluice
  listeners: [{name: http, port: 8000, protocol: HTTP%s}]
`, hostname)
}

// routeOf is an HTTPRoute of the Gateway.
func routeOf(name, spec string) string {
	return fmt.Sprintf(`---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s, namespace: demo}
spec:
  parentRefs: [{name: g}]
%s
`, name, spec)
}

// serviceOf is a Service with endpoints on this host.
func serviceOf(name string, endpoints ...net.Addr) string {
	text := fmt.Sprintf(`---
apiVersion: v1
kind: Service
metadata: {name: %s, namespace: demo}
spec: {ports: [{port: 80}]}
`, name)
	for i, e := range endpoints {
		text += fmt.Sprintf(`---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %s-%d, namespace: demo, labels: {kubernetes.io/service-name: %s}}
addressType: IPv4
ports: [{port: %d}]
endpoints: [{addresses: [127.0.0.1]}]
`, name, i, name, e.(*net.TCPAddr).Port)
	}
	return text
}

// endpoint serves with a function until the test ends.
func endpoint(t *testing.T, serve http.HandlerFunc) net.Addr {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return server.Listener.Addr()
}

// dead is an address where nobody listens.
func dead(t *testing.T) net.Addr {
	t.Helper()
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(freePort(t))}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }
}

// hangs never answers; it ends when the proxy gives up.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestHTTPRouteRetryConnectionError(t *testing.T) {
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules: [{retry: {attempts: 100}, backendRefs: [{name: half, port: 80}]}]`)+
		serviceOf("half", dead(t), endpoint(t, says("alive"))))
	for range 10 {
		want(t, gateway, "a.example", "/", 200, "alive")
	}
}

func TestHTTPRouteRetryWithBackendTimeout(t *testing.T) {
	var tries atomic.Int64
	second := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) == 1 {
			hangs(w, r)
			return
		}
		fmt.Fprint(w, "second")
	})
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules: [{timeouts: {request: 1m, backendRequest: 100ms}, retry: {attempts: 2, codes: [504]}, backendRefs: [{name: second, port: 80}]}]`)+
		serviceOf("second", second))
	want(t, gateway, "a.example", "/", 200, "second")
}

func TestHTTPRouteRetryWithRequestTimeout(t *testing.T) {
	var tries atomic.Int64
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules: [{timeouts: {request: 500ms, backendRequest: 100ms}, retry: {attempts: 100, codes: [503]}, backendRefs: [{name: hangs, port: 80}]}]`)+
		serviceOf("hangs", endpoint(t, func(w http.ResponseWriter, r *http.Request) { tries.Add(1); hangs(w, r) })))
	if status, _, err := fetch(gateway, "a.example", "/"); err != nil || status != 504 {
		t.Errorf("got %d, %v; want 504", status, err)
	}
	if n := tries.Load(); n < 2 || n > 6 {
		t.Errorf("%d tries were made in the time of the request, want about 5", n)
	}
}

func TestHTTPRouteRetryCodes(t *testing.T) {
	var tries atomic.Int64
	failing := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		w.WriteHeader(503)
	})
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules:
    - {matches: [{path: {value: /three}}], retry: {attempts: 3, codes: [503]}, backendRefs: [{name: failing, port: 80}]}
    - {matches: [{path: {value: /other}}], retry: {attempts: 3, codes: [500]}, backendRefs: [{name: failing, port: 80}]}`)+
		serviceOf("failing", failing))
	for path, n := range map[string]int64{"/three": 4, "/other": 1} {
		tries.Store(0)
		if status, _, err := fetch(gateway, "a.example", path); err != nil || status != 503 || tries.Load() != n {
			t.Errorf("%s: got %d after %d tries, %v; want 503 after %d", path, status, tries.Load(), err, n)
		}
	}
}

func TestHTTPRouteRuleOrder(t *testing.T) {
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules:
    - {matches: [{path: {value: /a}}], backendRefs: [{name: gone, port: 80}]}
    - {matches: [{path: {value: /a}}], backendRefs: [{name: second, port: 80}]}
    - {matches: [{path: {value: /b}}], backendRefs: [{name: second, port: 80}]}
    - {matches: [{path: {value: /b}}], backendRefs: [{name: gone, port: 80}]}`)+
		serviceOf("second", endpoint(t, says("second"))))
	if status, _, err := fetch(gateway, "a.example", "/a"); err != nil || status != 500 {
		t.Errorf("the first rule is invalid: got %d, %v; want 500", status, err)
	}
	want(t, gateway, "a.example", "/b", 200, "second")
}

func TestHTTPRouteMultipleRoutesAttachmentSameHostnameIntersection(t *testing.T) {
	// Both have abc.example.com in common with the listener. The less specific one comes first by
	// name, as both are as old, and has the longer path.
	gateway := serveGateway(t, gatewayOf(`, hostname: "abc.example.com"`)+
		routeOf("a-wild", `  hostnames: ["*.example.com"]
  rules:
    - {matches: [{path: {value: /v1/long}}], backendRefs: [{name: wild, port: 80}]}
    - {matches: [{path: {value: /rest}}], backendRefs: [{name: wild, port: 80}]}`)+
		routeOf("b-exact", `  hostnames: [abc.example.com]
  rules: [{matches: [{path: {value: /v1}}], backendRefs: [{name: exact, port: 80}]}]`)+
		serviceOf("wild", endpoint(t, says("wild")))+serviceOf("exact", endpoint(t, says("exact"))))
	want(t, gateway, "abc.example.com", "/v1/long", 200, "exact")
	want(t, gateway, "abc.example.com", "/rest", 200, "wild")
	if status, _, err := fetch(gateway, "def.example.com", "/rest"); err != nil || status != 404 {
		t.Errorf("a host that is not the listener's: got %d, %v; want 404", status, err)
	}
}

func TestHTTPRouteBackendURLRewrite(t *testing.T) {
	gateway := serveGateway(t, gatewayOf("")+
		routeOf("shop", `  rules:
    - matches: [{path: {value: /one}}]
      backendRefs:
        - name: echo
          port: 80
          filters: [{type: URLRewrite, urlRewrite: {hostname: inner.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /two}}}]
    - matches: [{path: {value: /full}}]
      backendRefs:
        - name: echo
          port: 80
          filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /all}}}]`)+
		serviceOf("echo", endpoint(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.RequestURI) })))
	want(t, gateway, "a.example", "/one/more?q=1", 200, "inner.example/two/more?q=1")
	want(t, gateway, "a.example", "/one", 200, "inner.example/two")
	want(t, gateway, "a.example", "/full/more", 200, "a.example/all")
}
