// Package upstream holds the live side of what requests are forwarded to:
// pools of endpoints with their connections. All of it outlives tables.
//
// In: table.Compile acquires a Pool for each ir.Upstream and releases it when
// its table is dropped; the lane of endpoints calls Registry.SetEndpoints
// whenever a Service's endpoints change, without a table being compiled. Out:
// the proxy picks an endpoint of a pool, takes a connection to it, and gives
// both back.
//
// Endpoints are probed by goroutines of the Registry, each address once for all pools that ask for
// the same; Close ends them. An endpoint that is out by its probes or was ejected for failed
// requests (pkg/upstream/health) is not picked.
//
// A Registry, a Pool and an Endpoint may be used by any goroutine at any time.
// A Conn belongs to the goroutine that took it until Put or Close.
package upstream
