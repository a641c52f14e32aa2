package admin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/filter/build"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// canary is the content of a private key that must never be shown.
const canary = "canary-of-a-private-key"

var shop = report.Origin{Kind: "Ingress", Namespace: "shop", Name: "front"}

// config has one host with two routes, of which one redirects, and a
// certificate that cannot be parsed.
func config(t *testing.T) *ir.Config {
	t.Helper()
	forward := &ir.Forward{Backends: []ir.WeightedUpstream{{Upstream: "shop/front:80", Weight: 1}}}
	c := &ir.Config{
		Listeners: []ir.Listener{
			{Name: ir.ListenerHTTP, Protocol: ir.HTTP, RouteSet: "default"},
			{Name: ir.ListenerHTTPS, Protocol: ir.HTTPS, RouteSet: "default", TLS: ir.ListenerTLS{
				Bindings: []ir.TLSBinding{{Host: "shop.example.com", Certificates: []string{"shop/tls"}}},
			}},
		},
		RouteSets: []ir.RouteSet{{Name: "default", Hosts: []ir.Host{{Pattern: "shop.example.com", Routes: []ir.Route{
			{ID: "a", Origin: shop, Field: "spec.rules[0].http.paths[1]", Match: ir.Match{Path: ir.PathMatch{Value: "/cart"}, Method: "POST"}, Action: forward},
			{ID: "b", Origin: shop, Field: "spec.rules[0].http.paths[0]", Match: ir.Match{Path: ir.PathMatch{Value: "/"}}, Action: forward},
		}}, {Pattern: "secure.example.com", Routes: []ir.Route{
			{ID: "c", Origin: shop, Match: ir.Match{Path: ir.PathMatch{Value: "/"}}, Action: forward, Filters: []ir.Filter{&ir.RedirectHTTPS{Status: 308, Port: 443}}},
		}}}}},
		Upstreams: []ir.Upstream{{Key: "shop/front:80", Endpoints: "shop/front:80", Origin: report.Origin{Kind: "Service", Namespace: "shop", Name: "front"}}},
		Certificates: []ir.Certificate{
			{Name: "shop/good", ChainPEM: chain(t), KeyPEM: ir.Secret(canary), Fingerprint: "g"},
			{Name: "shop/tls", ChainPEM: []byte("no chain"), KeyPEM: ir.Secret(canary), Fingerprint: "f"},
		},
	}
	ir.Canonical(c)
	return c
}

// chain is a certificate for good.example.com.
func chain(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"good.example.com"},
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// served is an API with a table behind it.
func served(t *testing.T) http.Handler {
	t.Helper()
	c := config(t)
	registry, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	upstreams := upstream.NewRegistry(upstream.Options{})
	t.Cleanup(upstreams.Close)
	upstreams.SetEndpoints(ir.EndpointSet{Key: "shop/front:80", Endpoints: []ir.Endpoint{
		{Address: netip.MustParseAddrPort("10.0.0.1:8080"), Target: "shop/front-1"},
		{Address: netip.MustParseAddrPort("10.0.0.2:8080"), Target: "shop/front-2", State: ir.EndpointTerminating},
	}})
	facts := registry.Update(c.Certificates)
	compiled, more := table.Compile(c, table.Deps{Upstreams: upstreams, Certs: registry, Queues: queue.NewRegistry(), Filters: build.Deps{}.Build})
	t.Cleanup(compiled.Release)
	facts.Merge(more)
	holder := new(table.Holder)
	holder.Swap(compiled)
	return admin.API(admin.Deps{
		Config:    func() *ir.Config { return c },
		Facts:     func() *report.Set { return facts },
		Holder:    holder,
		Upstreams: upstreams,
	})
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(http.MethodGet, target, "127.0.0.1:9901"))
	return w
}

func request(method, target, host string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	return r
}

func TestAPIShowsWhatIsServed(t *testing.T) {
	api := served(t)
	tests := map[string]struct {
		target string
		want   []string
	}{
		"the list of pages":           {"/", []string{"/config", "/table", "/certificates", "/reports", "/upstreams", "/explain"}},
		"the table as compiled":       {"/table", []string{`"name": "https"`, `"id": "a"`, "Ingress/shop/front"}},
		"the certificates":            {"/certificates", []string{`"name": "shop/tls"`, `"unusable": true`, `"name": "shop/good"`, "good.example.com", "ECDSA", `"notAfter": "2030-`}},
		"the config with its origins": {"/config", []string{"host shop.example.com", "Ingress/shop/front", "spec.rules[0].http.paths[1]"}},
		"the facts":                   {"/reports", []string{`"reason": "InvalidCertificateRef"`, "the certificate shop/tls cannot be used"}},
		"the live endpoints":          {"/upstreams", []string{"10.0.0.1:8080", "shop/front-1", "terminating"}},
		"a decision":                  {"/explain?url=http://shop.example.com/cart", []string{`"verdict": "chosen"`, "method is GET, not POST", "10.0.0.2:8080"}},
		"profiles":                    {"/debug/pprof/", []string{"goroutine"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := get(api, tt.target)
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", tt.target, w.Code, w.Body)
			}
			for _, want := range tt.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("%s does not say %q:\n%s", tt.target, want, w.Body)
				}
			}
		})
	}
}

func TestAPINeverShowsAKey(t *testing.T) {
	api := served(t)
	for _, target := range []string{
		"/", "/config", "/table", "/certificates", "/reports", "/upstreams",
		"/explain?url=http://shop.example.com/", "/explain?url=https://shop.example.com/",
		"/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1",
	} {
		if w := get(api, target); strings.Contains(w.Body.String(), canary) {
			t.Errorf("%s shows a private key", target)
		}
	}
}

func TestAPIChangesNothing(t *testing.T) {
	api := served(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, request(method, "/config", "127.0.0.1:9901"))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s /config: %d instead of 405", method, w.Code)
		}
	}
}

func TestAPIAnswersToNoForeignName(t *testing.T) {
	api := served(t)
	tests := map[string]struct {
		host   string
		status int
	}{
		"the address":                   {"127.0.0.1:9901", http.StatusOK},
		"the address of IPv6":           {"[::1]:9901", http.StatusOK},
		"an address without a port":     {"[::1]", http.StatusOK},
		"localhost, as kubectl does it": {"localhost:9901", http.StatusOK},
		"a name that leads here":        {"rebound.example.com:9901", http.StatusForbidden},
		"no name":                       {"", http.StatusForbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			api.ServeHTTP(w, request(http.MethodGet, "/config", tt.host))
			if w.Code != tt.status {
				t.Errorf("Host %q: got %d, want %d", tt.host, w.Code, tt.status)
			}
		})
	}
}

func TestAPIBeforeTheFirstTable(t *testing.T) {
	upstreams := upstream.NewRegistry(upstream.Options{})
	t.Cleanup(upstreams.Close)
	api := admin.API(admin.Deps{
		Config:    func() *ir.Config { return nil },
		Facts:     func() *report.Set { return nil },
		Holder:    new(table.Holder),
		Upstreams: upstreams,
	})
	tests := map[string]struct {
		target string
		status int
		body   string
	}{
		"there is no config":    {"/config", http.StatusServiceUnavailable, "no table yet\n"},
		"there is no decision":  {"/explain?url=http://a/", http.StatusServiceUnavailable, "no table yet\n"},
		"there are no facts":    {"/reports", http.StatusOK, "[]\n"},
		"there is no upstream":  {"/upstreams", http.StatusOK, "[]\n"},
		"there is no table":     {"/table", http.StatusOK, "{\n  \"listeners\": [],\n  \"routes\": []\n}\n"},
		"there is no key":       {"/certificates", http.StatusOK, "[]\n"},
		"there is no such page": {"/else", http.StatusNotFound, "404 page not found\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := get(api, tt.target)
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestExplainRefusesWhatIsNoRequest(t *testing.T) {
	api := served(t)
	tests := map[string]struct{ query, want string }{
		"no URL at all":           {"", `"" is not a URL`},
		"a URL without a scheme":  {"url=shop.example.com/cart", "is not a URL such as"},
		"another scheme":          {"url=ftp://shop.example.com/", "is not a URL such as"},
		"a header without colon":  {"url=http://a/&header=Name", "is not a header"},
		"a host that is no name":  {"url=http://a..b/", "the host"},
		"a path with a zero byte": {"url=http://a/%2500", "the path"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := get(api, "/explain?"+tt.query)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %q, want 400 with %q", w.Code, w.Body, tt.want)
			}
		})
	}
}

func TestExplainKnowsWhereARedirectEndsIt(t *testing.T) {
	tests := map[string]struct {
		url        string
		answeredBy string
		pools      int
	}{
		"in clear text the filter answers": {"http://secure.example.com/", "redirect-https status=308 port=443", 0},
		"over TLS the request passes it":   {"https://secure.example.com/", "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var answer admin.Answer
			w := get(served(t), "/explain?url="+tt.url)
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("%v in %s", err, w.Body)
			}
			if answer.Route == nil || answer.AnsweredBy != tt.answeredBy || len(answer.Pools) != tt.pools {
				t.Errorf("got route %v, answered by %q, %d pools", answer.Route, answer.AnsweredBy, len(answer.Pools))
			}
		})
	}
}

func TestExplainTakesMethodAndHeaders(t *testing.T) {
	var answer admin.Answer
	w := get(served(t), "/explain?url=https://SHOP.example.com:8443/cart&method=POST&header=X-A:+1")
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if answer.Route == nil || answer.Route.ID != "a" {
		t.Errorf("the route is %+v, want a", answer.Route)
	}
	if answer.Listener != ir.ListenerHTTPS || answer.Host != "shop.example.com" || answer.Path != "/cart" {
		t.Errorf("got listener %q, host %q, path %q", answer.Listener, answer.Host, answer.Path)
	}
	if answer.Certificate == nil || answer.Certificate.Rule != certs.RuleSelfSigned {
		t.Errorf("the certificate is %+v, want the self-signed one", answer.Certificate)
	}
	if len(answer.Pools) != 1 || len(answer.Pools[0].Endpoints) != 2 {
		t.Errorf("the pools are %+v, want one with two endpoints", answer.Pools)
	}
}
