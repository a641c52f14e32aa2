package apiserver

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

var server Server

func TestMain(m *testing.M) {
	code := m.Run()
	if err := server.Stop(); err != nil {
		slog.Error("the API server was not stopped", "error", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// proxyRoute returns a ProxyRoute with the given text as its spec.
func proxyRoute(t *testing.T, namespace, spec string) *unstructured.Unstructured {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(spec), &fields); err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "sluice.dev/v1alpha1", "kind": "ProxyRoute", "spec": fields,
	}}
	object.SetNamespace(namespace)
	object.SetName("a")
	return object
}

// specCase is the spec of an object, and what the API server says to it.
type specCase struct {
	spec string
	want string // is part of the complaint; empty where there is none
}

// proxyRouteCases are ProxyRoutes that the API server takes and refuses.
func proxyRouteCases() map[string]specCase {
	const (
		hosts    = `hosts: ["www.example.com"]`
		backends = `backends: [{address: "192.0.2.1:80"}]`
		accepted = ""
	)
	withHost := func(host string) string { return `{hosts: ["` + host + `"], routes: [{` + backends + `}]}` }
	withMatch := func(match string) string {
		return `{` + hosts + `, routes: [{matches: [` + match + `], ` + backends + `}]}`
	}
	withBackend := func(backend string) string { return `{` + hosts + `, routes: [{backends: [` + backend + `]}]}` }

	withSpec := func(field string) string { return `{` + hosts + `, ` + field + `, routes: [{` + backends + `}]}` }
	withFilter := func(filter string) string {
		return `{` + hosts + `, routes: [{filters: [` + filter + `], ` + backends + `}]}`
	}
	withVersions := func(versioning string) string {
		return `{` + hosts + `, versioning: ` + versioning + `, routes: [{backends: [{address: "192.0.2.1:80", version: "1"}]}]}`
	}

	withLimits := func(limits string) string {
		return `{` + hosts + `, limits: ` + limits + `, routes: [{` + backends + `}]}`
	}

	withBalance := func(balance string) string {
		return `{` + hosts + `, balance: ` + balance + `, routes: [{` + backends + `}]}`
	}

	return map[string]specCase{
		"a balance by its defaults":                     {withBalance(`{}`), accepted},
		"a balance by load":                             {withBalance(`{strategy: LeastRequest, slowStart: 30s, zone: Prefer}`), accepted},
		"a balance by weight":                           {withBalance(`{strategy: WeightedRoundRobin}`), accepted},
		"a random balance":                              {withBalance(`{strategy: Random, choices: 2}`), accepted},
		"a balance by hash":                             {withBalance(`{strategy: Hash, hash: {source: Header, name: X-User, maxLoadPercent: 150}}`), accepted},
		"a balance by address":                          {withBalance(`{strategy: IPHash}`), accepted},
		"an unknown balance":                            {withBalance(`{strategy: Best}`), `Unsupported value: "Best"`},
		"a balance by hash of nothing":                  {withBalance(`{strategy: Hash}`), "balance.hash must be set for balance.strategy Hash, and for it alone"},
		"a hash for what does not hash":                 {withBalance(`{hash: {source: Path}}`), "balance.hash must be set for balance.strategy Hash, and for it alone"},
		"choices for what is not random":                {withBalance(`{choices: 2}`), "balance.choices must not be set unless balance.strategy is Random"},
		"too many choices":                              {withBalance(`{strategy: Random, choices: 3}`), "choices in body should be less than or equal to 2"},
		"a hash of a header without a name":             {withBalance(`{strategy: Hash, hash: {source: Header}}`), "hash.name must be set for hash.source Header, Cookie and Query"},
		"a hash of a path with a name":                  {withBalance(`{strategy: Hash, hash: {source: Path, name: a}}`), "hash.name must be set for hash.source Header, Cookie and Query"},
		"a bound below the average":                     {withBalance(`{strategy: Hash, hash: {source: Path, maxLoadPercent: 99}}`), "hash.maxLoadPercent must be 0 or at least 100"},
		"a slow start that is no duration":              {withBalance(`{slowStart: soon}`), "slowStart in body should match"},
		"sessions by their defaults":                    {withBalance(`{sticky: {}}`), accepted},
		"sessions by a cookie":                          {withBalance(`{sticky: {name: s, lifetime: 8h, cookie: {path: /a, sameSite: None, secure: Always, httpOnly: false}}}`), accepted},
		"sessions by a header":                          {withBalance(`{strategy: Random, sticky: {source: Header, name: X-Session}}`), accepted},
		"a header with a cookie's attributes":           {withBalance(`{sticky: {source: Header, cookie: {}}}`), "sticky.cookie must not be set where sticky.source is Header"},
		"sessions of no time":                           {withBalance(`{sticky: {lifetime: 0s}}`), "sticky.lifetime must be at least 1s"},
		"a cookie with a forged attribute":              {withBalance(`{sticky: {cookie: {path: "/; Domain=x"}}}`), "path in body should match"},
		"a cookie whose name is no token":               {withBalance(`{sticky: {name: "a b"}}`), "name in body should match"},
		"an unknown SameSite":                           {withBalance(`{sticky: {cookie: {sameSite: Some}}}`), `Unsupported value: "Some"`},
		"an unknown zone":                               {withBalance(`{zone: Mine}`), `Unsupported value: "Mine"`},
		"the PROXY protocol":                            {withBackend(`{address: "192.0.2.1:443", proxyProtocol: v2}`), accepted},
		"an unknown PROXY protocol":                     {withBackend(`{address: "192.0.2.1:443", proxyProtocol: v3}`), `Unsupported value: "v3"`},
		"a policy of TLS":                               {withSpec(`tls: {secretName: s, minVersion: "1.2", maxVersion: "1.3", cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], curves: [X25519, P-256]}`), accepted},
		"a TLS version that is too old":                 {withSpec(`tls: {secretName: s, minVersion: "1.1"}`), `Unsupported value: "1.1"`},
		"TLS versions the wrong way":                    {withSpec(`tls: {secretName: s, minVersion: "1.3", maxVersion: "1.2"}`), "tls.minVersion must not be above tls.maxVersion"},
		"a suite that is broken":                        {withSpec(`tls: {secretName: s, cipherSuites: [TLS_RSA_WITH_RC4_128_SHA]}`), `Unsupported value: "TLS_RSA_WITH_RC4_128_SHA"`},
		"an unknown curve":                              {withSpec(`tls: {secretName: s, curves: [P-192]}`), `Unsupported value: "P-192"`},
		"client certificates":                           {withSpec(`tls: {secretName: s, client: {caSecretName: ca}}`), accepted},
		"optional client certificates":                  {withSpec(`tls: {secretName: s, client: {mode: Optional, caConfigMapName: ca}}`), accepted},
		"client certificates of no CA":                  {withSpec(`tls: {secretName: s, client: {mode: Required}}`), "exactly one of tls.client.caSecretName and tls.client.caConfigMapName must be set"},
		"client certificates of two bundles":            {withSpec(`tls: {secretName: s, client: {caSecretName: a, caConfigMapName: b}}`), "exactly one of tls.client.caSecretName and tls.client.caConfigMapName must be set"},
		"client certificates in a wrong mode":           {withSpec(`tls: {secretName: s, client: {mode: Maybe, caSecretName: a}}`), `Unsupported value: "Maybe"`},
		"TLS by its defaults":                           {withBackend(`{address: "192.0.2.1:443", tls: {}}`), accepted},
		"TLS in full":                                   {withBackend(`{address: "192.0.2.1:443", tls: {serverName: a.example, caSecretName: ca, clientSecretName: c, subjectAltNames: [b.example, "spiffe://a/b", "::1"]}}`), accepted},
		"TLS with two bundles of CAs":                   {withBackend(`{address: "192.0.2.1:443", tls: {caSecretName: a, caConfigMapName: b}}`), "only one of tls.caSecretName and tls.caConfigMapName can be set"},
		"TLS with an empty bundle":                      {withBackend(`{address: "192.0.2.1:443", tls: {caSecretName: ""}}`), "caSecretName in body should be at least 1 chars long"},
		"TLS with a name that is none":                  {withBackend(`{address: "192.0.2.1:443", tls: {serverName: "*.example"}}`), "serverName in body should match"},
		"TLS with an alternative of spaces":             {withBackend(`{address: "192.0.2.1:443", tls: {subjectAltNames: ["a b"]}}`), "subjectAltNames[0] in body should match"},
		"a host":                                        {withHost("www.example.com"), accepted},
		"a host of one label":                           {withHost("localhost"), accepted},
		"a host with one label before it":               {withHost("*.example.com"), accepted},
		"a host with any labels before it":              {withHost("**.example.com"), accepted},
		"a label that begins so":                        {withHost("cdn-*.example.com"), accepted},
		"a label that begins and ends so":               {withHost("cdn-*-eu.example.com"), accepted},
		"a label with two stars":                        {withHost("c*n-*.example.com"), "one '*' in its first label"},
		"a partial label alone":                         {withHost("cdn-*"), "one '*' in its first label"},
		"any host":                                      {withHost("*"), accepted},
		"a host in upper case":                          {withHost("WWW.example.com"), "host must be a DNS name in lower case"},
		"a host with a port":                            {withHost("www.example.com:80"), "host must be a DNS name in lower case"},
		"a host that is no DNS name":                    {withHost("a_b.example.com"), "host must be a DNS name in lower case"},
		"a star inside a host":                          {withHost("www.*.com"), "host must be a DNS name in lower case"},
		"a host with a dot at its end":                  {withHost("www.example.com."), "host must be a DNS name in lower case"},
		"a host twice":                                  {`{hosts: ["a.example", "a.example"], routes: [{` + backends + `}]}`, "Duplicate value"},
		"no host":                                       {`{hosts: [], routes: [{` + backends + `}]}`, "spec.hosts in body should have at least 1 items"},
		"no list of hosts":                              {`{routes: [{` + backends + `}]}`, "spec.hosts: Required value"},
		"no route":                                      {`{` + hosts + `, routes: []}`, "spec.routes in body should have at least 1 items"},
		"a route without a back end":                    {`{` + hosts + `, routes: [{backends: []}]}`, "backends in body should have at least 1 items"},
		"a Secret":                                      {`{` + hosts + `, tls: {secretName: a}, routes: [{` + backends + `}]}`, accepted},
		"tls without a Secret":                          {`{` + hosts + `, tls: {}, routes: [{` + backends + `}]}`, "tls.secretName must be set unless tls.mode is Passthrough"},
		"an exact path":                                 {withMatch(`{path: {type: Exact, value: /a}}`), accepted},
		"an expression that begins with none":           {withMatch(`{path: {type: Regex, value: "[^/]+?"}}`), accepted},
		"a path without a slash":                        {withMatch(`{path: {value: a}}`), "path.value must begin with '/' unless path.type is Regex"},
		"a path with a query":                           {withMatch(`{path: {value: "/a?b=c"}}`), "path.value must not contain '?' or '#' unless path.type is Regex"},
		"a path of unknown type":                        {withMatch(`{path: {type: Glob, value: /a}}`), `Unsupported value: "Glob": supported values: "Exact", "Prefix", "Regex"`},
		"a path that is very long":                      {withMatch(`{path: {value: "/` + strings.Repeat("a", 1024) + `"}}`), "may not be more than 1024"},
		"a method":                                      {withMatch(`{method: M-SEARCH}`), accepted},
		"a method in lower case":                        {withMatch(`{method: get}`), "method in body should match"},
		"a header by its value":                         {withMatch(`{headers: [{name: X-Version, value: "2"}]}`), accepted},
		"a header by its presence":                      {withMatch(`{headers: [{name: X-Version, type: Present}]}`), accepted},
		"a header without a value":                      {withMatch(`{headers: [{name: X-Version}]}`), "headers.value must be set unless headers.type is Present"},
		"a value for a header's presence":               {withMatch(`{headers: [{name: X-Version, type: Present, value: "2"}]}`), "headers.value must not be set where headers.type is Present"},
		"a header that is no token":                     {withMatch(`{headers: [{name: "X Version", value: "2"}]}`), "headers[0].name in body should match"},
		"a query parameter without a value":             {withMatch(`{query: [{name: v}]}`), "query.value must be set unless query.type is Present"},
		"a value for a parameter's presence":            {withMatch(`{query: [{name: v, type: Present, value: "2"}]}`), "query.value must not be set where query.type is Present"},
		"a parameter twice":                             {withMatch(`{query: [{name: v, value: "1"}, {name: v, value: "2"}]}`), "Duplicate value"},
		"a Service and its port":                        {withBackend(`{service: {name: web, port: 80}}`), accepted},
		"a Service and a port by name":                  {withBackend(`{service: {name: web, port: http}}`), accepted},
		"a Service in another namespace":                {withBackend(`{service: {name: web, namespace: other, port: 80}}`), accepted},
		"filters by Services in another namespace":      {withFilter(`{type: Mirror, mirror: {service: {name: a, namespace: b, port: 80}}}, {type: ErrorPage, errorPage: {statuses: ["404"], service: {name: a, namespace: b, port: 80}}}, {type: ExternalAuth, externalAuth: {service: {name: a, namespace: b, port: 80}}}`), accepted},
		"a Service in a namespace that is none":         {withBackend(`{service: {name: web, namespace: "other/x", port: 80}}`), "service.namespace in body should match"},
		"a Service without a port":                      {withBackend(`{service: {name: web}}`), "service.port: Required value"},
		"a port that is zero":                           {withBackend(`{service: {name: web, port: 0}}`), "port must be between 1 and 65535, or the name of a port"},
		"a port that is too large":                      {withBackend(`{service: {name: web, port: 65536}}`), "port must be between 1 and 65535, or the name of a port"},
		"a port with an empty name":                     {withBackend(`{service: {name: web, port: ""}}`), "port in body should be at least 1 chars long"},
		"an address of IPv6":                            {withBackend(`{address: "[2001:db8::1]:80"}`), accepted},
		"an address with a name":                        {withBackend(`{address: "db.example.com:80"}`), accepted},
		"an address without a port":                     {withBackend(`{address: "192.0.2.1"}`), "address must be host:port, with an IPv6 address in brackets"},
		"an IPv6 address without brackets":              {withBackend(`{address: "2001:db8::1:80"}`), "address must be host:port, with an IPv6 address in brackets"},
		"an address that is a URL":                      {withBackend(`{address: "http://192.0.2.1:80"}`), "address must be host:port, with an IPv6 address in brackets"},
		"a Service and an address":                      {withBackend(`{address: "192.0.2.1:80", service: {name: web, port: 80}}`), "exactly one of service and address must be set"},
		"neither Service nor address":                   {withBackend(`{weight: 1}`), "exactly one of service and address must be set"},
		"a back end without weight":                     {withBackend(`{address: "192.0.2.1:80", weight: 0}`), accepted},
		"a weight below zero":                           {withBackend(`{address: "192.0.2.1:80", weight: -1}`), "weight in body should be greater than or equal to 0"},
		"versions by header":                            {withVersions(`{source: Header, name: App-Version, default: "1"}`), accepted},
		"versions by path":                              {withVersions(`{source: Path, segment: 2, onNoMatch: Reject}`), accepted},
		"versions by nothing":                           {withVersions(`{name: v, default: "1"}`), "versioning.source: Required value"},
		"versions by body":                              {withVersions(`{source: Body, name: v, default: "1"}`), `Unsupported value: "Body"`},
		"versions by a header without name":             {withVersions(`{source: Header, default: "1"}`), "versioning.name must be set unless versioning.source is Path"},
		"versions by path with a name":                  {withVersions(`{source: Path, segment: 1, name: v, default: "1"}`), "versioning.name must be set unless versioning.source is Path"},
		"versions by path without segment":              {withVersions(`{source: Path, default: "1"}`), "versioning.segment must be set for versioning.source Path, and for it alone"},
		"versions by query with a segment":              {withVersions(`{source: Query, name: v, segment: 1, default: "1"}`), "versioning.segment must be set for versioning.source Path, and for it alone"},
		"versions without default":                      {withVersions(`{source: Cookie, name: v}`), "versioning.default must be set where versioning.onNoMatch is Default"},
		"a version of odd characters":                   {withBackend(`{address: "192.0.2.1:80", version: "v 1"}`), "version in body should match"},
		"balance by cost":                               {withBalance(`{strategy: Expression, cost: "endpoint.active"}`), accepted},
		"balance by no cost":                            {withBalance(`{strategy: Expression}`), "balance.cost must be set for balance.strategy Expression, and for it alone"},
		"a cost for another strategy":                   {withBalance(`{strategy: LeastRequest, cost: "1"}`), "balance.cost must be set for balance.strategy Expression, and for it alone"},
		"limits of each endpoint":                       {withLimits(`{maxActivePerEndpoint: 2, scope: Cluster}`), accepted},
		"limits of nothing":                             {withLimits(`{scope: Cluster}`), "limits must have maxActive or maxActivePerEndpoint"},
		"limits of a galaxy":                            {withLimits(`{maxActive: 1, scope: Galaxy}`), `Unsupported value: "Galaxy"`},
		"a queue that is fair by claim":                 {withLimits(`{maxActive: 1, queue: {length: 1, fairBy: {source: Claim, name: "https://example.com/tenant"}}}`), accepted},
		"a queue that is fair by no claim":              {withLimits(`{maxActive: 1, queue: {length: 1, fairBy: {source: Claim}}}`), "fairBy.name must be set for fairBy.source Header and Claim, and for them alone"},
		"a queue with classes":                          {withLimits(`{maxActive: 1, queue: {length: 1, priority: {header: X-Class, classes: [gold, silver]}}}`), accepted},
		"a queue with classes of no header":             {withLimits(`{maxActive: 1, queue: {length: 1, priority: {classes: [gold]}}}`), "priority must have either header or expression"},
		"a queue with computed classes":                 {withLimits(`{maxActive: 1, queue: {length: 1, priority: {expression: 'request.claim("plan")', classes: [gold]}}}`), accepted},
		"a queue with classes of two things":            {withLimits(`{maxActive: 1, queue: {length: 1, priority: {header: X-Class, expression: '"gold"', classes: [gold]}}}`), "priority must have either header or expression"},
		"a queue with classes of an endless expression": {withLimits(`{maxActive: 1, queue: {length: 1, priority: {expression: '` + strings.Repeat("1", 1025) + `', classes: [gold]}}}`), "priority.expression: Too long"},
		"a queue with computed classes of none":         {withLimits(`{maxActive: 1, queue: {length: 1, priority: {expression: '"gold"'}}}`), "priority.classes: Required value"},
		"a queue with one class twice":                  {withLimits(`{maxActive: 1, queue: {length: 1, priority: {header: X-Class, classes: [gold, gold]}}}`), "Duplicate value"},
		"a version from a label of Pods":                {withBackend(`{service: {name: shop, port: 80}, versionFromPodLabel: app.kubernetes.io/version}`), accepted},
		"versions by name and from a label":             {withBackend(`{address: "192.0.2.1:80", version: "1"}, {service: {name: shop, port: 80}, versionFromPodLabel: v}`), accepted},
		"two versions of one back end":                  {withBackend(`{service: {name: shop, port: 80}, version: "1", versionFromPodLabel: v}`), "versionFromPodLabel goes with service, and not with version"},
		"a label of what has no Pods":                   {withBackend(`{address: "192.0.2.1:80", versionFromPodLabel: v}`), "versionFromPodLabel goes with service, and not with version"},
		"a label that is none":                          {withBackend(`{service: {name: shop, port: 80}, versionFromPodLabel: "a b"}`), "versionFromPodLabel in body should match"},
		"a version for one of two":                      {withBackend(`{address: "192.0.2.1:80", version: "1"}, {address: "192.0.2.2:80"}`), "either all backends of a route must have a version or none"},
		"a back end that is not ready":                  {withBackend(`{address: "192.0.2.1:80", ready: false}`), accepted},
		"suspended":                                     {`{` + hosts + `, suspend: true, routes: [{suspend: true, ` + backends + `}]}`, accepted},
		"a filter that rewrites":                        {withFilter(`{type: Rewrite, rewrite: {host: a.example, path: {type: Prefix, value: /b}}}`), accepted},
		"a filter that edits a header":                  {withFilter(`{type: RequestHeader, requestHeader: {set: [{name: X, value: "{host}"}], remove: [X-Gone]}}`), accepted},
		"a filter without its field":                    {withFilter(`{type: Rewrite}`), "exactly the field that filters.type names must be set"},
		"a filter with a field too many":                {withFilter(`{type: Drop, cors: {origins: ["*"]}}`), "exactly the field that filters.type names must be set"},
		"a filter of an unknown type":                   {withFilter(`{type: Teleport}`), `Unsupported value: "Teleport"`},
		"a redirect with no back end":                   {`{` + hosts + `, routes: [{filters: [{type: Redirect, redirect: {scheme: https}}]}]}`, accepted},
		"a rewrite with no back end":                    {`{` + hosts + `, routes: [{filters: [{type: Rewrite, rewrite: {host: a}}]}]}`, "backends must be set unless a filter answers every request"},
		"neither a filter nor a back end":               {`{` + hosts + `, routes: [{name: a}]}`, "backends must be set unless a filter answers every request"},
		"a redirect that does not redirect":             {withFilter(`{type: Redirect, redirect: {status: 200}}`), "Unsupported value: 200"},
		"an expression for a whole path":                {withFilter(`{type: Rewrite, rewrite: {path: {type: Full, expression: a, value: /b}}}`), "path.expression must be set for path.type Regex, and for it alone"},
		"a new path without a slash":                    {withFilter(`{type: Rewrite, rewrite: {path: {type: Full, value: b}}}`), "path.value must begin with '/' unless path.type is Regex"},
		"a mirror to nobody":                            {withFilter(`{type: Mirror, mirror: {percent: 5}}`), "exactly one of mirror.service and mirror.address must be set"},
		"a mirror of more than all":                     {withFilter(`{type: Mirror, mirror: {address: "192.0.2.1:80", percent: 101}}`), "percent in body should be less than or equal to 100"},
		"a type of no body":                             {withFilter(`{type: DirectResponse, directResponse: {status: 200, contentType: text/html}}`), "directResponse.contentType and directResponse.template need directResponse.body or directResponse.configMap"},
		"a fault that does nothing":                     {withFilter(`{type: Fault, fault: {}}`), "fault in body should have at least 1 properties"},
		"an access list without a list":                 {withFilter(`{type: IPAccess, ipAccess: {}}`), "ipAccess in body should have at least 1 properties"},
		"a filter of the body's size":                   {withFilter(`{type: BodySize, bodySize: {maxBytes: 1024}}`), accepted},
		"a body of no size":                             {withFilter(`{type: BodySize, bodySize: {maxBytes: 0}}`), "bodySize.maxBytes in body should be greater than or equal to 1"},
		"a bandwidth":                                   {withFilter(`{type: Bandwidth, bandwidth: {requestBytesPerSecond: 65536, responseBytesPerSecond: 65536, responseAfterBytes: 1}}`), accepted},
		"a bandwidth of nothing":                        {withFilter(`{type: Bandwidth, bandwidth: {}}`), "bandwidth.requestBytesPerSecond or bandwidth.responseBytesPerSecond must be set"},
		"a bandwidth that spares nothing":               {withFilter(`{type: Bandwidth, bandwidth: {requestBytesPerSecond: 65536, responseAfterBytes: 1}}`), "bandwidth.responseAfterBytes needs bandwidth.responseBytesPerSecond"},
		"a bandwidth that is too low":                   {withFilter(`{type: Bandwidth, bandwidth: {requestBytesPerSecond: 1}}`), "requestBytesPerSecond in body should be greater than or equal to 1024"},
		"compression":                                   {withFilter(`{type: Compression, compression: {}}`), accepted},
		"compression of types":                          {withFilter(`{type: Compression, compression: {algorithms: [br, gzip], types: [text/html, "*+json"], minBytes: 0}}`), accepted},
		"compression by something unknown":              {withFilter(`{type: Compression, compression: {algorithms: [lzma]}}`), `Unsupported value: "lzma"`},
		"compression of nothing":                        {withFilter(`{type: Compression, compression: {types: []}}`), "compression.types in body should have at least 1 items"},
		"a body out of a ConfigMap":                     {withFilter(`{type: DirectResponse, directResponse: {status: 200, configMap: {name: pages, key: a.html}, template: true}}`), accepted},
		"a body out of two places":                      {withFilter(`{type: DirectResponse, directResponse: {status: 200, body: a, configMap: {name: pages, key: a.html}}}`), "only one of directResponse.body and directResponse.configMap can be set"},
		"a body out of no key":                          {withFilter(`{type: DirectResponse, directResponse: {status: 200, configMap: {name: pages}}}`), "directResponse.configMap.key: Required value"},
		"an error page":                                 {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404", "500-599"], endpoints: true, body: "<p>{status}", template: true}}`), accepted},
		"an error page of a Service":                    {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404"], service: {name: pages, port: 80}, status: Backend}}`), accepted},
		"an error page for no status":                   {withFilter(`{type: ErrorPage, errorPage: {statuses: [], body: a}}`), "errorPage.statuses in body should have at least 1 items"},
		"an error page of nothing":                      {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404"]}}`), "exactly one of errorPage.body, errorPage.configMap, errorPage.service and errorPage.address must be set"},
		"an error page of two":                          {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404"], body: a, address: "192.0.2.1:80"}}`), "exactly one of errorPage.body, errorPage.configMap, errorPage.service and errorPage.address must be set"},
		"an error page of a type elsewhere":             {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404"], address: "192.0.2.1:80", contentType: text/html}}`), "errorPage.contentType and errorPage.template need errorPage.body or errorPage.configMap"},
		"an error page with a status of none":           {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404"], body: a, status: Backend}}`), "errorPage.status needs errorPage.service or errorPage.address"},
		"a host of the back end":                        {withFilter(`{type: Rewrite, rewrite: {hostFrom: Backend}}`), accepted},
		"a host of the client":                          {withBackend(`{address: "192.0.2.1:80", filters: [{type: Rewrite, rewrite: {hostFrom: Client}}]}`), accepted},
		"a host of two":                                 {withFilter(`{type: Rewrite, rewrite: {host: a, hostFrom: Client}}`), "only one of rewrite.host and rewrite.hostFrom can be set"},
		"a host of nobody":                              {withFilter(`{type: Rewrite, rewrite: {hostFrom: Moon}}`), `Unsupported value: "Moon"`},
		"compression beside another type":               {withFilter(`{type: Drop, compression: {}}`), "exactly the field that filters.type names must be set"},
		"a response that leads elsewhere":               {withFilter(`{type: ResponseRewrite, responseRewrite: {location: [{from: "^http://inner/", to: /, regex: true}], cookieDomain: [{from: "inner$", to: outer, regex: true}], cookiePath: [{from: "^/app", to: "", regex: true}]}}`), accepted},
		"a response that leads nowhere":                 {withFilter(`{type: ResponseRewrite, responseRewrite: {}}`), "responseRewrite in body should have at least 1 properties"},
		"a response without a place":                    {withFilter(`{type: ResponseRewrite, responseRewrite: {cookieDomain: [{from: "", to: a}]}}`), "from in body should be at least 1 chars long"},
		"a response of another type":                    {withFilter(`{type: Drop, responseRewrite: {cookieDomain: [{from: b, to: a}]}}`), "exactly the field that filters.type names must be set"},
		"a bound of the body":                           {`{` + hosts + `, routes: [{maxBodyBytes: 1048576, ` + backends + `}]}`, accepted},
		"a copy without a body":                         {withFilter(`{type: Mirror, mirror: {address: "192.0.2.1:80", host: "a.example:81", withoutBody: true}}`), accepted},
		"a copy for what is no host":                    {withFilter(`{type: Mirror, mirror: {address: "192.0.2.1:80", host: "a b"}}`), "mirror.host in body should match"},
		"a route without a log":                         {`{` + hosts + `, routes: [{unlogged: true, ` + backends + `}]}`, accepted},
		"tries within no time":                          {`{` + hosts + `, retry: {within: soon}, routes: [{` + backends + `}]}`, "within in body should match"},
		"a body that is buffered":                       {`{` + hosts + `, routes: [{bufferRequest: true, ` + backends + `}]}`, accepted},
		"a route for CONNECT":                           {`{` + hosts + `, routes: [{connect: true, ` + backends + `}]}`, accepted},
		"CONNECT with a condition on a header":          {`{` + hosts + `, routes: [{connect: true, matches: [{headers: [{name: a, value: b}]}], ` + backends + `}]}`, accepted},
		"CONNECT with a path":                           {`{` + hosts + `, routes: [{connect: true, matches: [{headers: [{name: a, value: b}]}, {path: {value: /}}], ` + backends + `}]}`, "where connect is set, bufferRequest must not be, and matches may have headers alone"},
		"CONNECT with a method":                         {`{` + hosts + `, routes: [{connect: true, matches: [{method: CONNECT}], ` + backends + `}]}`, "where connect is set, bufferRequest must not be, and matches may have headers alone"},
		"CONNECT with a query":                          {`{` + hosts + `, routes: [{connect: true, matches: [{query: [{name: a, value: b}]}], ` + backends + `}]}`, "where connect is set, bufferRequest must not be, and matches may have headers alone"},
		"CONNECT that buffers":                          {`{` + hosts + `, routes: [{connect: true, bufferRequest: true, ` + backends + `}]}`, "where connect is set, bufferRequest must not be, and matches may have headers alone"},
		"a path of other methods":                       {`{` + hosts + `, routes: [{connect: false, bufferRequest: true, matches: [{path: {value: /}}], ` + backends + `}]}`, accepted},
		"a response that is buffered":                   {`{` + hosts + `, bufferResponse: {}, routes: [{bufferResponse: {memoryBytes: 0, diskBytes: 1073741824}, ` + backends + `}]}`, accepted},
		"a buffer of less than nothing":                 {`{` + hosts + `, bufferResponse: {diskBytes: -1}, routes: [{` + backends + `}]}`, "spec.bufferResponse.diskBytes in body should be greater than or equal to 0"},
		"a buffer of all memory":                        {`{` + hosts + `, bufferResponse: {memoryBytes: 67108865}, routes: [{` + backends + `}]}`, "spec.bufferResponse.memoryBytes in body should be less than or equal to 67108864"},
		"a bound of the body below zero":                {`{` + hosts + `, routes: [{maxBodyBytes: -1, ` + backends + `}]}`, "maxBodyBytes in body should be greater than or equal to 0"},
		"a filter of a back end":                        {withBackend(`{address: "192.0.2.1:80", filters: [{type: RequestHeader, requestHeader: {remove: [X]}}]}`), accepted},
		"timeouts":                                      {`{` + hosts + `, timeouts: {connect: 1s, request: 1m30s, idle: 0s}, routes: [{timeouts: {backendRequest: 500ms, tunnelIdle: 1h}, ` + backends + `}]}`, accepted},
		"a timeout that is no duration":                 {`{` + hosts + `, timeouts: {connect: soon}, routes: [{` + backends + `}]}`, "spec.timeouts.connect in body should match"},
		"a timeout below zero":                          {`{` + hosts + `, routes: [{timeouts: {idle: "-1s"}, ` + backends + `}]}`, "timeouts.idle in body should match"},
		"retries":                                       {`{` + hosts + `, retry: {attempts: 2, when: [connect-failure, reset, "502", "503"], perTryTimeout: 5s, within: 1m, budgetPercent: 20}, routes: [{retry: {attempts: 0}, ` + backends + `}]}`, accepted},
		"retries after success":                         {`{` + hosts + `, retry: {when: ["200"]}, routes: [{` + backends + `}]}`, "spec.retry.when[0] in body should match"},
		"retries after nothing":                         {`{` + hosts + `, retry: {when: []}, routes: [{` + backends + `}]}`, "spec.retry.when in body should have at least 1 items"},
		"retries without end":                           {`{` + hosts + `, retry: {attempts: 101}, routes: [{` + backends + `}]}`, "spec.retry.attempts in body should be less than or equal to 100"},
		"a budget of nothing":                           {`{` + hosts + `, retry: {budgetPercent: 0}, routes: [{` + backends + `}]}`, "spec.retry.budgetPercent in body should be greater than or equal to 1"},
		"an ejection":                                   {`{` + hosts + `, health: {passive: {consecutiveFailures: 3, ejectFor: 1m, maxEjectedPercent: 20, statuses: ["429", "500-599"]}}, routes: [{health: {passive: {}}, ` + backends + `}]}`, accepted},
		"an ejection after nothing":                     {`{` + hosts + `, health: {passive: {consecutiveFailures: 0}}, routes: [{` + backends + `}]}`, "spec.health.passive.consecutiveFailures in body should be greater than or equal to 1"},
		"an ejection of more than all":                  {`{` + hosts + `, health: {passive: {maxEjectedPercent: 101}}, routes: [{` + backends + `}]}`, "spec.health.passive.maxEjectedPercent in body should be less than or equal to 100"},
		"probes":                                        {`{` + hosts + `, health: {active: {}, panicPercent: 50}, routes: [{health: {active: {type: HTTP, path: "/health?deep", port: 9000, host: "shop.example.com:80", headers: [{name: X-A, value: b}], interval: 1s, timeout: 500ms, unhealthyThreshold: 1, healthyThreshold: 1, expect: "200-299,404"}}, ` + backends + `}]}`, accepted},
		"probes of gRPC and of connections":             {`{` + hosts + `, health: {active: {type: GRPC, service: shop.v1.Shop, host: shop}}, routes: [{health: {active: {type: TCP, port: 80}}, ` + backends + `}]}`, accepted},
		"a probe of TCP with a path":                    {`{` + hosts + `, health: {active: {type: TCP, path: /}}, routes: [{` + backends + `}]}`, "health.active.path, headers and expect are for health.active.type HTTP"},
		"a probe of TCP with a host":                    {`{` + hosts + `, health: {active: {type: TCP, host: x}}, routes: [{` + backends + `}]}`, "health.active.host is not for health.active.type TCP"},
		"a probe of HTTP with a service":                {`{` + hosts + `, health: {active: {service: x}}, routes: [{` + backends + `}]}`, "health.active.service is for health.active.type GRPC"},
		"a probe of another type":                       {`{` + hosts + `, health: {active: {type: UDP}}, routes: [{` + backends + `}]}`, "spec.health.active.type: Unsupported value"},
		"a probe without pause":                         {`{` + hosts + `, health: {active: {interval: 99ms}}, routes: [{` + backends + `}]}`, "health.active.interval must be at least 100ms"},
		"a probe without time":                          {`{` + hosts + `, health: {active: {timeout: 0s}}, routes: [{` + backends + `}]}`, "health.active.timeout must be more than 0"},
		"a probe that expects a word":                   {`{` + hosts + `, health: {active: {expect: "200,ok"}}, routes: [{` + backends + `}]}`, "spec.health.active.expect in body should match"},
		"a probe of no path":                            {`{` + hosts + `, health: {active: {path: health}}, routes: [{` + backends + `}]}`, "spec.health.active.path in body should match"},
		"a panic at more than all":                      {`{` + hosts + `, health: {panicPercent: 101}, routes: [{` + backends + `}]}`, "spec.health.panicPercent in body should be less than or equal to 100"},
		"a circuit":                                     {`{` + hosts + `, circuitBreaker: {}, routes: [{circuitBreaker: {errorPercent: 50, minRequests: 20, window: 10s, openFor: 5s, halfOpenRequests: 3}, ` + backends + `}]}`, accepted},
		"a circuit that is open for no time":            {`{` + hosts + `, circuitBreaker: {openFor: 0s}, routes: [{` + backends + `}]}`, "circuitBreaker.openFor must be more than 0"},
		"a circuit that looks nowhere":                  {`{` + hosts + `, circuitBreaker: {window: 0ms}, routes: [{` + backends + `}]}`, "circuitBreaker.window must be more than 0"},
		"a circuit at more than all":                    {`{` + hosts + `, circuitBreaker: {errorPercent: 101}, routes: [{` + backends + `}]}`, "spec.circuitBreaker.errorPercent in body should be less than or equal to 100"},
		"an ejection after a word":                      {`{` + hosts + `, routes: [{health: {passive: {statuses: [bad]}}, ` + backends + `}]}`, "health.passive.statuses[0] in body should match"},
		"bearer tokens":                                 {withFilter(`{type: BearerAuth, bearerAuth: {secretName: tokens, realm: The shop, forward: true}}`), accepted},
		"bearer tokens of nobody":                       {withFilter(`{type: BearerAuth, bearerAuth: {}}`), "bearerAuth.secretName: Required value"},
		"a JWT":                                         {withFilter(`{type: JWT, jwt: {keys: {url: "https://id.example.com/keys"}, issuers: [a], audiences: [b], algorithms: [RS256], from: [{header: X-T, prefix: "T "}, {cookie: c}], claimsToHeaders: [{header: X-User, claim: sub}]}}`), accepted},
		"a JWT by a Secret":                             {withFilter(`{type: JWT, jwt: {keys: {secretName: keys}}}`), accepted},
		"a JWT without keys":                            {withFilter(`{type: JWT, jwt: {keys: {}}}`), "exactly one of jwt.keys.url and jwt.keys.secretName must be set"},
		"a JWT with keys twice":                         {withFilter(`{type: JWT, jwt: {keys: {url: "https://a/", secretName: a}}}`), "exactly one of jwt.keys.url and jwt.keys.secretName must be set"},
		"a JWT with CAs of a Secret":                    {withFilter(`{type: JWT, jwt: {keys: {secretName: a, caSecretName: a}}}`), "jwt.keys.caSecretName is for jwt.keys.url alone"},
		"a JWT of no algorithm":                         {withFilter(`{type: JWT, jwt: {keys: {secretName: a}, algorithms: [none]}}`), `Unsupported value: "none"`},
		"a JWT from two places in one":                  {withFilter(`{type: JWT, jwt: {keys: {secretName: a}, from: [{header: a, cookie: b}]}}`), "exactly one of header, cookie and query must be set in jwt.from"},
		"a JWT of a file":                               {withFilter(`{type: JWT, jwt: {keys: {url: "file:///etc/passwd"}}}`), "jwt.keys.url"},
		"a rate limit of a claim":                       {withFilter(`{type: RateLimit, rateLimit: {requests: 1, by: Claim, claim: sub}}`), accepted},
		"a rate limit of no claim":                      {withFilter(`{type: RateLimit, rateLimit: {requests: 1, by: Claim}}`), "rateLimit.claim must be set for rateLimit.by Claim, and for it alone"},
		"external authentication":                       {withFilter(`{type: ExternalAuth, externalAuth: {service: {name: a, port: 80}, http: {path: /a, signIn: "https://a/"}, cache: {key: "{path}", granted: 1m}}}`), accepted},
		"external authentication by gRPC":               {withFilter(`{type: ExternalAuth, externalAuth: {protocol: GRPC, address: "a:80", maxBodyBytes: 10}}`), accepted},
		"external authentication by nobody":             {withFilter(`{type: ExternalAuth, externalAuth: {}}`), "exactly one of externalAuth.service and externalAuth.address must be set"},
		"a path for gRPC":                               {withFilter(`{type: ExternalAuth, externalAuth: {protocol: GRPC, address: "a:80", http: {path: /a}}}`), "externalAuth.http is for externalAuth.protocol HTTP alone"},
		"a cache that remembers nothing":                {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", cache: {key: a}}}`), "externalAuth.cache.granted or externalAuth.cache.refused must be set"},
		"a rate limit":                                  {withFilter(`{type: RateLimit, rateLimit: {requests: 100, unit: Minute, burst: 20, by: Header, header: X-Tenant}}`), accepted},
		"a password":                                    {withFilter(`{type: BasicAuth, basicAuth: {secretName: users, realm: "The shop"}}`), accepted},
		"a password of no Secret":                       {withFilter(`{type: BasicAuth, basicAuth: {}}`), "basicAuth.secretName: Required value"},
		"a realm with a quote":                          {withFilter(`{type: BasicAuth, basicAuth: {secretName: users, realm: 'a"b'}}`), "basicAuth.realm in body should match"},
		"a rate limit of nothing":                       {withFilter(`{type: RateLimit, rateLimit: {requests: 0}}`), "rateLimit.requests in body should be greater than or equal to 1"},
		"a rate limit of a header":                      {withFilter(`{type: RateLimit, rateLimit: {requests: 1, by: Header}}`), "rateLimit.header must be set for rateLimit.by Header, and for it alone"},
		"a rate limit per fortnight":                    {withFilter(`{type: RateLimit, rateLimit: {requests: 1, unit: Fortnight}}`), `Unsupported value: "Fortnight"`},
		"answers, and where clients are told to go":     {withFilter(`{type: Redirect, redirect: {host: www.example.com, port: 8443, path: {type: Regex, expression: "^/(.*)$", value: "/$1"}}}, {type: DirectResponse, directResponse: {status: 200, headers: [{name: X, value: "{host}"}]}}`), accepted},
		"headers of both ways":                          {withFilter(`{type: RequestHeader, requestHeader: {add: [{name: X, value: a}]}}, {type: ResponseHeader, responseHeader: {add: [{name: X, value: a}]}}`), accepted},
		"scripts of other origins":                      {withFilter(`{type: CORS, cors: {originExpressions: ["https://[a-z]+[.]example[.]com"], methods: ["*"], headers: [X-A], expose: [X-B], credentials: true, maxAgeSeconds: 0}}`), accepted},
		"a JWT in all detail":                           {withFilter(`{type: JWT, jwt: {keys: {url: "https://id.example.com/keys", refresh: 24h, caSecretName: ca}, leeway: 0s, from: [{query: token}], principal: email, realm: The shop, optional: true, forward: true}}`), accepted},
		"external authentication in all detail":         {withFilter(`{type: ExternalAuth, externalAuth: {address: "[2001:db8::1]:80", timeout: 1m, failOpen: true, requestHeaders: [Cookie], principalHeader: X-User, http: {method: HEAD, host: auth.example.com, set: [{name: X, value: a}], responseHeaders: [X-User], clientHeaders: [Set-Cookie]}, cache: {key: "{path}", refused: 24h}}}`), accepted},
		"a rate limit of all replicas":                  {withFilter(`{type: RateLimit, rateLimit: {requests: 1, by: Route, scope: Cluster}}`), accepted},
		"a rest before a retry":                         {`{` + hosts + `, tls: {secretName: s, redirect: false}, retry: {backoff: 25ms}, routes: [{` + backends + `}]}`, accepted},
		"a redirect to where it comes from":             {withFilter(`{type: Redirect, redirect: {status: 301}}`), "one of redirect.scheme, redirect.host, redirect.port and redirect.path must be set"},
		"a body of a response that has none":            {withFilter(`{type: DirectResponse, directResponse: {status: 204, body: a}}`), "directResponse.body and directResponse.configMap are not for directResponse.status 204, 205 and 304"},
		"scripts of no origin":                          {withFilter(`{type: CORS, cors: {methods: [GET]}}`), "cors.origins or cors.originExpressions must be set"},
		"an origin that is a host":                      {withFilter(`{type: CORS, cors: {origins: [www.example.com]}}`), "cors.origins[0] in body should match"},
		"origins of many kinds":                         {withFilter(`{type: CORS, cors: {origins: ["*", "https://*.example.com:8443", "http://[::1]:80", "capacitor://localhost"]}}`), accepted},
		"a method of CORS that is no token":             {withFilter(`{type: CORS, cors: {origins: ["*"], methods: ["a b"]}}`), "cors.methods[0] in body should match"},
		"a header of CORS that is no token":             {withFilter(`{type: CORS, cors: {origins: ["*"], headers: ["a b"]}}`), "cors.headers[0] in body should match"},
		"an exposed header that is no token":            {withFilter(`{type: CORS, cors: {origins: ["*"], expose: ["a b"]}}`), "cors.expose[0] in body should match"},
		"a header that no filter can remove":            {withFilter(`{type: RequestHeader, requestHeader: {remove: ["a b"]}}`), "requestHeader.remove[0] in body should match"},
		"an edit of no header":                          {withFilter(`{type: RequestHeader, requestHeader: {set: []}}`), "requestHeader.set in body should have at least 1 items"},
		"an address that is a name":                     {withFilter(`{type: IPAccess, ipAccess: {deny: [localhost]}}`), "ipAccess.deny[0] in body should match"},
		"a network that is a word":                      {withFilter(`{type: IPAccess, ipAccess: {allow: [all]}}`), "ipAccess.allow[0] in body should match"},
		"a mirror to half an address":                   {withFilter(`{type: Mirror, mirror: {address: example.com}}`), "mirror.address in body should match"},
		"an error page of half an address":              {withFilter(`{type: ErrorPage, errorPage: {statuses: ["404"], address: example.com}}`), "errorPage.address in body should match"},
		"external authentication by half an address":    {withFilter(`{type: ExternalAuth, externalAuth: {address: example.com}}`), "externalAuth.address in body should match"},
		"external authentication without time":          {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", timeout: 0s}}`), "externalAuth.timeout must be from 1ms to 1m"},
		"external authentication with all time":         {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", timeout: 61s}}`), "externalAuth.timeout must be from 1ms to 1m"},
		"a field of external authentication":            {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", requestHeaders: ["a b"]}}`), "externalAuth.requestHeaders[0] in body should match"},
		"a principal that is no token":                  {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", principalHeader: "a b"}}`), "externalAuth.principalHeader in body should match"},
		"a yes that is forgotten at once":               {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", cache: {key: a, granted: 999ms}}}`), "externalAuth.cache.granted must be from 1s to 24h"},
		"a no that is never forgotten":                  {withFilter(`{type: ExternalAuth, externalAuth: {address: "a:80", cache: {key: a, refused: 25h}}}`), "externalAuth.cache.refused must be from 1s to 24h"},
		"clocks that are far apart":                     {withFilter(`{type: JWT, jwt: {keys: {secretName: a}, leeway: 11m}}`), "jwt.leeway must be 10m at most"},
		"keys that are fetched all the time":            {withFilter(`{type: JWT, jwt: {keys: {url: "https://a/", refresh: 9s}}}`), "jwt.keys.refresh must be from 10s to 24h"},
		"a delay of no time":                            {withFilter(`{type: Fault, fault: {delay: {time: 0s}}}`), "fault.delay.time must be more than 0, and 5m at most"},
		"a delay of a night":                            {withFilter(`{type: Fault, fault: {delay: {time: 8h}}}`), "fault.delay.time must be more than 0, and 5m at most"},
		"a fault that is none":                          {withFilter(`{type: Fault, fault: {abort: {status: 200}}}`), "fault.abort.status in body should be greater than or equal to 400"},
		"a version told in a field of the connection":   {withVersions(`{source: Header, name: v, default: "1", responseHeader: Content-Length}`), "versioning.responseHeader must not be a field of the connection"},
		"sessions in a field of the connection":         {withBalance(`{sticky: {source: Header, name: Transfer-Encoding}}`), "sticky.name must not be a field of the connection"},
		"a cookie that no browser takes":                {withBalance(`{sticky: {cookie: {sameSite: None, secure: Never}}}`), "sticky.cookie.sameSite None must not go with sticky.cookie.secure Never"},
		"an ejection for no time":                       {withSpec(`health: {passive: {ejectFor: 0s}}`), "health.passive.ejectFor must be more than 0, and 24h at most"},
		"an ejection for a generation":                  {withSpec(`health: {passive: {ejectFor: 25h}}`), "health.passive.ejectFor must be more than 0, and 24h at most"},
		"a try that may outlive its request":            {withSpec(`timeouts: {request: 1s, backendRequest: 1001ms}`), "timeouts.backendRequest must not be longer than timeouts.request"},
		"a try of a request without a bound":            {withSpec(`timeouts: {request: 0s, backendRequest: 1h}`), accepted},
		"a queue of no length":                          {withLimits(`{maxActive: 1, queue: {length: 0}}`), "limits.queue.length in body should be greater than or equal to 1"},
		"a queue without end":                           {withLimits(`{maxActive: 1, queue: {length: 10001}}`), "limits.queue.length in body should be less than or equal to 10000"},
		"a wait of no time":                             {withLimits(`{maxActive: 1, queue: {length: 1, timeout: 0s}}`), "queue.timeout must be more than 0"},
		"less than no request at once":                  {withLimits(`{maxActive: -1}`), "limits.maxActive in body should be greater than or equal to 1"},
		"an order that is none":                         {withLimits(`{maxActive: 1, queue: {length: 1, order: LILO}}`), `Unsupported value: "LILO"`},
		"a field that is not known":                     {`{` + hosts + `, host: a, routes: [{` + backends + `}]}`, `unknown field "spec.host"`},
	}
}

func TestTheServerTakesProxyRoutesThatMeanSomethingAndRefusesOthers(t *testing.T) {
	server.InstallCRDs(t)
	namespace := server.Namespace(t)
	c, err := client.New(server.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range proxyRouteCases() {
		t.Run(name, func(t *testing.T) {
			err := c.Create(t.Context(), proxyRoute(t, namespace, test.spec), client.DryRunAll, client.FieldValidation("Strict"))
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

func TestTheServerSetsTheDefaultsOfAProxyRoute(t *testing.T) {
	server.InstallCRDs(t)
	c, err := client.New(server.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	object := proxyRoute(t, server.Namespace(t), `
hosts: [www.example.com]
tls: {secretName: a}
routes:
  - matches: [{path: {value: /a}, headers: [{name: X, value: x}], query: [{name: q, value: x}]}]
    backends: [{address: "192.0.2.1:80"}]
`)
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	got, _, err := unstructured.NestedMap(object.Object, "spec")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"hosts": []any{"www.example.com"},
		"tls":   map[string]any{"secretName": "a", "mode": "Terminate"},
		"routes": []any{map[string]any{
			"matches": []any{map[string]any{
				"path":    map[string]any{"type": "Prefix", "value": "/a"},
				"headers": []any{map[string]any{"type": "Exact", "name": "X", "value": "x"}},
				"query":   []any{map[string]any{"type": "Exact", "name": "q", "value": "x"}},
			}},
			"backends": []any{map[string]any{"address": "192.0.2.1:80", "weight": int64(1), "ready": true}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestKubectlShowsTheColumnsOfAProxyRoute(t *testing.T) {
	server.InstallCRDs(t)
	clients, err := kubernetes.NewForConfig(server.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := clients.RESTClient().Get().AbsPath("/apis/sluice.dev/v1alpha1/proxyroutes").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		ColumnDefinitions []struct {
			Name     string
			Priority int
		}
	}
	if err := yaml.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, column := range table.ColumnDefinitions {
		if column.Priority == 0 {
			got = append(got, column.Name)
		}
	}
	if diff := cmp.Diff([]string{"Name", "Hosts", "Accepted", "Resolved", "Healthy", "Age"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
