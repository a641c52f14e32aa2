package main

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// backends are the Services behind every route, with the certificate.
func backends(p ports, cert, key string) string {
	secret := fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: bench-tls, namespace: bench}
type: kubernetes.io/tls
data:
  tls.crt: %s
  tls.key: %s
---`, base64.StdEncoding.EncodeToString([]byte(cert)), base64.StdEncoding.EncodeToString([]byte(key)))
	return secret + backend("origin", p.origin, "") + backend("grpc", p.grpc, ", appProtocol: kubernetes.io/h2c")
}

func backend(name string, port int, more string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: bench}
spec: {ports: [{port: 80, targetPort: %[2]d%[3]s}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, namespace: bench, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{port: %[2]d}]
---`, name, port, more)
}

// sluiceManifests are the routes of the peers, as a user would write them.
func sluiceManifests() string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: bench
  namespace: bench
  annotations: {nginx.ingress.kubernetes.io/ssl-redirect: "false"}
spec:
  tls: [{hosts: [%[1]s], secretName: bench-tls}]
  rules:
  - host: %[1]s
    http:
      paths:
      - {path: /bench.Echo/, pathType: Prefix, backend: {service: {name: grpc, port: {number: 80}}}}
      - {path: /, pathType: Prefix, backend: {service: {name: origin, port: {number: 80}}}}
---`, benchHost)
}

// tcpPort is that of the Gateway's listener, for which a free one is mapped.
const tcpPort = 9000

// tcpManifests pass connections on.
func tcpManifests() string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: sluice}
spec: {controllerName: sluice.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: bench, namespace: bench}
spec:
  gatewayClassName: sluice
  listeners: [{name: tcp, port: %d, protocol: TCP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: bench, namespace: bench}
spec:
  parentRefs: [{name: bench}]
  rules: [{backendRefs: [{name: origin, port: 80}]}]
---`, tcpPort)
}

// manyHosts and manyPaths are how many routes stand beside the one that is asked.
const (
	manyHosts = 5000
	manyPaths = 4
)

// manyManifests are routes that nobody asks for.
func manyManifests() string {
	var b strings.Builder
	for host := range manyHosts {
		fmt.Fprintf(&b, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: many-%[1]d, namespace: bench}
spec:
  rules:
  - host: host-%[1]d.example.com
    http:
      paths:
`, host)
		for path := range manyPaths {
			fmt.Fprintf(&b, "      - {path: /path-%d, pathType: Prefix, backend: {service: {name: origin, port: {number: 80}}}}\n", path)
		}
		b.WriteString("---")
	}
	return b.String()
}
