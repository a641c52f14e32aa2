package apiserver

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// proxyPolicy returns a ProxyPolicy with the given text as its spec.
func proxyPolicy(t *testing.T, namespace, spec string) *unstructured.Unstructured {
	t.Helper()
	object := proxyRoute(t, namespace, spec)
	object.SetKind("ProxyPolicy")
	return object
}

// proxyPolicyCases are ProxyPolicies that the API server takes and refuses.
func proxyPolicyCases() map[string]specCase {
	const (
		accepted = ""
		gateway  = `{group: gateway.networking.k8s.io, kind: Gateway, name: g}`
		service  = `{group: "", kind: Service, name: s}`
	)
	with := func(target, rest string) string { return `{targetRefs: [` + target + `]` + rest + `}` }
	sixteen := ""
	for i := range 16 {
		sixteen += `{group: gateway.networking.k8s.io, kind: HTTPRoute, name: "` + strings.Repeat("a", 200) + `", sectionName: "` + strings.Repeat("b", i+1) + `"},`
	}
	return map[string]specCase{
		"for a Gateway":                      {with(gateway, `, limits: {maxActive: 1}, timeouts: {request: 1s}, retry: {}, filters: [{type: Drop}]`), accepted},
		"for a listener":                     {with(`{group: gateway.networking.k8s.io, kind: Gateway, name: g, sectionName: http}`, ``), accepted},
		"for a ListenerSet and a listener":   {with(`{group: gateway.networking.k8s.io, kind: ListenerSet, name: s}, {group: gateway.networking.k8s.io, kind: ListenerSet, name: s, sectionName: a}`, `, limits: {maxActive: 1}, timeouts: {request: 1s}, filters: [{type: Drop}]`), accepted},
		"for a ListenerSet of another group": {with(`{group: sluice.dev, kind: ListenerSet, name: s}`, ``), "targetRefs.group must be that of targetRefs.kind"},
		"for a ListenerSet twice":            {with(`{group: gateway.networking.k8s.io, kind: ListenerSet, name: s}, {group: gateway.networking.k8s.io, kind: ListenerSet, name: s}`, ``), "targetRefs must not name the same twice"},
		"for an HTTPRoute and its rule":      {with(`{group: gateway.networking.k8s.io, kind: HTTPRoute, name: g}, {group: gateway.networking.k8s.io, kind: HTTPRoute, name: g, sectionName: a}`, ``), accepted},
		"for a GRPCRoute":                    {with(`{group: gateway.networking.k8s.io, kind: GRPCRoute, name: g}`, `, versioning: {source: Header, name: v, onNoMatch: Any}`), accepted},
		"for an Ingress":                     {with(`{group: networking.k8s.io, kind: Ingress, name: i}`, `, filters: [{type: RateLimit, rateLimit: {requests: 1}}]`), accepted},
		"for a Service":                      {with(service, `, balance: {strategy: LeastRequest}, health: {passive: {}}, limits: {maxActive: 1}`), accepted},
		"for a Service with a circuit":       {with(service, `, circuitBreaker: {errorPercent: 10}`), accepted},
		"for nothing":                        {`{limits: {maxActive: 1}}`, accepted},
		"for as much as can be":              {with(strings.TrimSuffix(sixteen, ","), ``), accepted},
		"for too much":                       {with(sixteen+gateway, ``), "must have at most 16 items"},
		"for the same twice":                 {with(gateway+`,`+gateway, ``), "targetRefs must not name the same twice"},
		"for another kind":                   {with(`{group: apps, kind: Deployment, name: d}`, ``), `Unsupported value: "Deployment"`},
		"for a kind of another group":        {with(`{group: example.com, kind: Gateway, name: g}`, ``), "targetRefs.group must be that of targetRefs.kind"},
		"for a Service of another group":     {with(`{group: core, kind: Service, name: g}`, ``), "targetRefs.group must be that of targetRefs.kind"},
		"for a section of an Ingress":        {with(`{group: networking.k8s.io, kind: Ingress, name: i, sectionName: a}`, ``), "targetRefs.sectionName must not be set for an Ingress"},
		"for a kind without a group":         {with(`{kind: Service, name: g}`, ``), "group: Required value"},
		"for no name":                        {with(`{group: "", kind: Service, name: ""}`, ``), "name in body should be at least 1 chars long"},
		"for another namespace":              {with(`{group: "", kind: Service, name: s, namespace: other}`, ``), "unknown field"},
		"a Service with a filter":            {with(service, `, filters: [{type: Drop}]`), "a policy for a Service must not have versioning, timeouts, retry, bufferResponse or filters"},
		"a Service with a buffer":            {with(service, `, bufferResponse: {}`), "a policy for a Service must not have versioning, timeouts, retry, bufferResponse or filters"},
		"a Service with timeouts":            {with(gateway+`,`+service, `, timeouts: {request: 1s}`), "a policy for a Service must not have versioning, timeouts, retry, bufferResponse or filters"},
		"limits of nothing":                  {`{limits: {}}`, "limits must have maxActive or maxActivePerEndpoint"},
		"a filter without its field":         {`{filters: [{type: Rewrite}]}`, "exactly the field that filters.type names must be set"},
		"versioning without a default":       {`{versioning: {source: Cookie, name: v}}`, "versioning.default must be set where versioning.onNoMatch is Default"},
		"a balance by hash, but of nothing":  {`{balance: {strategy: Hash}}`, "balance.hash must be set for balance.strategy Hash, and for it alone"},
		"a field that only ProxyRoutes have": {`{hosts: [a.example]}`, "unknown field"},
	}
}

func TestTheServerTakesProxyPoliciesThatMeanSomethingAndRefusesOthers(t *testing.T) {
	server.InstallCRDs(t)
	namespace := server.Namespace(t)
	c, err := client.New(server.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range proxyPolicyCases() {
		t.Run(name, func(t *testing.T) {
			err := c.Create(t.Context(), proxyPolicy(t, namespace, test.spec), client.DryRunAll, client.FieldValidation("Strict"))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && err == nil:
				t.Error("accepted")
			case test.want != "" && !strings.Contains(err.Error(), test.want):
				t.Errorf("the complaint is\n%v\nand lacks\n%s", err, test.want)
			}
		})
	}
}
