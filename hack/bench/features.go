package main

import (
	"fmt"
	"strings"
)

// feature is one that a ProxyRoute adds to the bare route.
type feature struct {
	name  string
	field string // of the route, in flow style
}

// features are compared with the first, which has none.
var features = []feature{
	{name: "bare"},
	{name: "queue", field: "limits: {maxActive: 1000, queue: {length: 1000}}"},
	{name: "least-request", field: "balance: {strategy: LeastRequest}"},
	{name: "least-latency", field: "balance: {strategy: LeastLatency}"},
	{name: "hash", field: "balance: {strategy: Hash, hash: {source: Header, name: User-Agent}}"},
	{name: "expression", field: "balance: {strategy: Expression, cost: endpoint.active}"},
	{name: "rate-limit", field: "filters: [{type: RateLimit, rateLimit: {requests: 1000000, unit: Second, burst: 1000000}}]"},
	{name: "jwt", field: "filters: [{type: JWT, jwt: {keys: {secretName: bench-token}}}]"},
	{name: "compression", field: "filters: [{type: Compression, compression: {algorithms: [gzip], types: [text/plain], minBytes: 1}}]"},
}

// featureManifests is a ProxyRoute with a route for each feature. Each has two
// back ends that are one process, so that there is something to choose.
func featureManifests(p ports) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
apiVersion: v1
kind: Secret
metadata: {name: bench-token, namespace: bench}
stringData: {hmac: %q}
---
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: features, namespace: bench}
spec:
  hosts: [%s]
  routes:
`, tokenKey, benchHost)
	for _, f := range features {
		fmt.Fprintf(&b, "  - name: %[1]s\n    matches: [{path: {type: Prefix, value: /feature/%[1]s}}]\n", f.name)
		fmt.Fprintf(&b, "    backends: [{address: \"127.0.0.1:%[1]d\"}, {address: \"127.0.0.2:%[1]d\"}]\n", p.origin)
		if f.field != "" {
			fmt.Fprintf(&b, "    %s\n", f.field)
		}
	}
	return b.String() + "---"
}

// featureRoutes are targets of one Sluice.
func featureRoutes(s *stage) []target {
	targets := make([]target, 0, len(features))
	for _, f := range features {
		targets = append(targets, target{name: f.name, pid: s.sluice.pid, url: "http://" + addr(s.sluice.clear) + "/feature/" + f.name})
	}
	return targets
}

// routes are the same route alone and among many.
func routes(s *stage) []target {
	return []target{
		{name: "alone", pid: s.sluice.pid, url: "http://" + addr(s.sluice.clear) + "/"},
		{name: fmt.Sprintf("among %d", manyHosts*manyPaths), pid: s.many.pid, url: "http://" + addr(s.many.clear) + "/"},
	}
}
