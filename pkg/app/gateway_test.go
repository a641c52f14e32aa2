package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// gatewayManifests have a back end at HOST and BACKEND.
const gatewayManifests = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: demo}
spec:
  gatewayClassName: sluice
  listeners:
  - {name: any, port: 8000, protocol: HTTP}
  - {name: wild, port: 8000, protocol: HTTP, hostname: "*.example.com"}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: any, namespace: demo}
spec:
  parentRefs: [{name: public, sectionName: any}]
  rules:
  - backendRefs: [{name: web, port: 80}]
  - matches: [{path: {value: /gone}}]
    backendRefs: [{name: gone, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: wild, namespace: demo}
spec:
  parentRefs: [{name: public, sectionName: wild}]
  rules:
  - matches: [{path: {value: /only}}]
    backendRefs: [{name: web, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: demo}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: demo, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: BACKEND}]
endpoints: [{addresses: [HOST]}]
`

func TestAFolderWithAGatewayIsServed(t *testing.T) {
	b := newSlowBackend(t)
	dir, port := t.TempDir(), freePort(t)
	text := strings.NewReplacer("HOST", b.address.Addr().String(), "BACKEND", strconv.Itoa(int(b.address.Port()))).Replace(gatewayManifests)
	file := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
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

	gateway := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}
	for _, c := range []struct {
		host, path string
		status     int
	}{
		{"other.org", "/", 200},
		{"other.org", "/gone", 500},
		{"a.example.com", "/only", 200},
		{"a.example.com", "/", 404}, // The more specific listener has no such route.
	} {
		if status, body, err := fetch(gateway, c.host, c.path); err != nil || status != c.status {
			t.Errorf("%s of %s: got %d %q, %v; want %d", c.path, c.host, status, body, err, c.status)
		}
	}
	if status, _, err := fetch(a.HTTP, "other.org", "/"); err != nil || status != 404 {
		t.Errorf("the process's own listener: got %d, %v; want 404", status, err)
	}

	moved := freePort(t)
	text = strings.ReplaceAll(text, "port: 8000", fmt.Sprintf("port: %d", moved))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	to := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(moved)}
	eventually(t, "the listener moves to another port", func() (bool, any) {
		status, _, err := fetch(to, "other.org", "/")
		return status == 200, err
	})
	closed(t, gateway)
}
