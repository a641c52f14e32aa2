package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

const leadsElsewhere = "HTTP/1.1 302 Found\r\nLocation: http://inner/a/x\r\nSet-Cookie: a=b; Path=/a/; Domain=inner\r\nContent-Length: 0\r\n\r\n"

func rewriteResponses() ir.Filter {
	return &ir.RewriteResponse{
		Location:     []ir.Substitution{{From: "http://inner/", To: "{scheme}://{authority}/"}},
		CookieDomain: []ir.Substitution{{From: "inner", To: "{host}"}},
		CookiePath:   []ir.Substitution{{From: "/", To: "/shop/"}},
	}
}

// TestResponsesOfEndpointsLeadElsewhere has the host be another one for the endpoint, the backend act before the
// route, and Sluice set a cookie and a field of its own.
func TestResponsesOfEndpointsLeadElsewhere(t *testing.T) {
	k := start(t, proxytest.Options{}, func(r *ir.Route) {
		r.Filters = []ir.Filter{&ir.RewriteURL{Host: "inner"}, rewriteResponses(), setResponse("Refresh", "0; url=http://inner/")}
		f := r.Action.(*ir.Forward)
		f.Backends[0].Filters = []ir.Filter{&ir.RewriteResponse{Location: []ir.Substitution{{From: "^http://inner/a(/.*)$", To: "http://inner$1", Regex: true}}}}
		f.Sticky = ir.Sticky{Source: ir.StickyCookie, Name: "session", Lifetime: time.Hour, Path: "/"}
	})
	k.SetEndpoints(k.Repeats(nil, leadsElsewhere))
	answer := k.Send("GET / HTTP/1.1\r\nHost: outer.example:81\r\n\r\n")
	for _, want := range []string{"Location: http://outer.example:81/x\r\n", "Set-Cookie: a=b; Path=/shop/a/; Domain=outer.example\r\n", "Refresh: 0; url=http://inner/\r\n"} {
		if !strings.Contains(answer, want) {
			t.Errorf("there is no %q in %q", want, answer)
		}
	}
	if _, cookie, _ := strings.Cut(answer, "Set-Cookie: session="); !strings.Contains(cookie, "; Path=/;") {
		t.Errorf("the cookie of the session: %q", answer)
	}
}

func TestAnswersOfSluiceLeadWhereTheySay(t *testing.T) {
	redirect := &ir.DirectResponse{Status: 302, Header: []ir.HeaderField{{Name: "Location", Value: "http://inner/a"}, {Name: "Set-Cookie", Value: "a=b; Path=/a"}}}
	k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{rewriteResponses(), redirect} })
	answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if !strings.Contains(answer, "Location: http://inner/a\r\n") || !strings.Contains(answer, "Set-Cookie: a=b; Path=/a\r\n") {
		t.Errorf("got %q", answer)
	}
}
