package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter/build"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestPreflightsAreAnsweredBeforeCredentialsAreAsked has browsers of several origins ask for what needs a password.
func TestPreflightsAreAnsweredBeforeCredentialsAreAsked(t *testing.T) {
	filters := []ir.Filter{
		&ir.BasicAuth{Users: ir.Secret("ann:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=\n"), Realm: "r"},
		&ir.CORS{
			Origins: []string{"https://app.example.com", "https://*.example.org"}, OriginExpressions: []string{`https://pr-[0-9]+\.example\.net`},
			Methods: []string{"PUT"}, Headers: []string{"X-A"}, Credentials: true, MaxAge: 5,
		},
	}
	ir.OrderFilters(filters)
	k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = filters })
	e := k.Repeats(nil, okResponse)
	k.SetEndpoints(e)
	for origin, allowed := range map[string]bool{
		"https://app.example.com":          true,
		"https://a.example.org":            true,
		"https://pr-7.example.net":         true,
		"https://pr-x.example.net":         false,
		"https://evil.com":                 false,
		"https://app.example.com.evil.com": false,
		"http://app.example.com":           false,
	} {
		answer := k.Send("OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: " + origin + "\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\n\r\n")
		if strings.HasPrefix(answer, "HTTP/1.1 401 ") {
			t.Errorf("%s: a preflight is asked for a password: %q", origin, answer)
		}
		if got := strings.Contains(answer, "Access-Control-Allow-Origin: "+origin+"\r\n"); got != allowed {
			t.Errorf("%s: got %q", origin, answer)
		}
		// The request itself needs the password, and a script may see why it failed.
		answer = k.Send("PUT / HTTP/1.1\r\nHost: h\r\nOrigin: " + origin + "\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 401 ") || strings.Contains(answer, "Access-Control-Allow-Origin: "+origin+"\r\n") != allowed {
			t.Errorf("%s: got %q", origin, answer)
		}
	}
	if n := e.Accepted(); n != 0 {
		t.Errorf("the endpoint got %d connections", n)
	}
}

// TestARateByClaim has two tenants share four requests an hour each with another replica.
func TestARateByClaim(t *testing.T) {
	rates := rate.NewRegistry()
	t.Cleanup(rates.Close)
	rates.SetReplicas(2)
	filters := []ir.Filter{
		&ir.RateLimit{Key: "k", Requests: 4, Per: time.Hour, Burst: 4, Shared: true, By: ir.RateByClaim, Claim: "tenant"},
		tokens(false), setRequest("X-Tenant", "{claim.tenant}/{principal}"),
	}
	ir.OrderFilters(filters)
	k := start(t, proxytest.Options{Filters: build.Deps{Rates: rates}.Build}, func(r *ir.Route) { r.Filters = filters })
	heads := make(chan string, 10)
	k.SetEndpoints(k.Repeats(heads, okResponse))
	for i, step := range []struct{ key, tenant, status string }{
		{ownKey, "a", "200"}, {ownKey, "a", "200"}, {ownKey, "a", "429"}, {ownKey, "b", "200"}, {strangeKey, "c", "401"}, {ownKey, "b", "200"}, {ownKey, "b", "429"},
	} {
		token := signed(t, step.key, map[string]any{"sub": "ann", "tenant": step.tenant})
		answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nX-Tenant: root\r\nAuthorization: Bearer " + token + "\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 "+step.status+" ") {
			t.Errorf("request %d got %q", i, answer)
		}
		switch step.status {
		case "200":
			if head := <-heads; !strings.Contains(head, "X-Tenant: "+step.tenant+"/ann\r\n") || strings.Contains(head, "root") {
				t.Errorf("request %d: the endpoint got %q", i, head)
			}
		case "429":
			for _, field := range []string{"Retry-After: ", "RateLimit-Policy: ", "RateLimit: "} {
				if !strings.Contains(answer, field) {
					t.Errorf("request %d: no %q in %q", i, field, answer)
				}
			}
		}
	}
}
