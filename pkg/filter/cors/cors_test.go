package cors

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// ask sends a request with the header lines given, and returns what a browser gets to see.
func ask(t *testing.T, spec ir.CORS, method string, lines ...string) string {
	t.Helper()
	f, err := New(&spec)
	if err != nil {
		t.Fatal(err)
	}
	x := &filter.Exchange{Request: &wire.Request{Method: []byte(method)}, Response: new(wire.Response)}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		x.Request.Header.Add(name, []byte(value))
	}
	status := 200
	x.Response.Header.Add("Access-Control-Allow-Origin", []byte("the endpoint's"))
	if a := f.OnRequestHead(x); a != nil {
		status = a.Status
		x.Response.Reset()
		for _, h := range a.Header {
			x.Response.Header.Add(h.Name, []byte(h.Value))
		}
	}
	f.OnResponseHead(x)
	seen := []string{fmt.Sprint(status)}
	for _, h := range x.Response.Header.Fields() {
		seen = append(seen, strings.TrimPrefix(string(h.Name), "Access-Control-")+"="+string(h.Value))
	}
	return strings.Join(seen, " ")
}

func TestBrowsersAreTold(t *testing.T) {
	const origin, method = "Origin: https://a.example.com", "Access-Control-Request-Method: PUT"
	some := ir.CORS{Origins: []string{"https://*.example.com"}, Methods: []string{"GET", "PUT"}, Headers: []string{"X-A"}, Expose: []string{"X-B", "X-C"}, MaxAge: 5}
	all := ir.CORS{Origins: []string{"*"}, Methods: []string{"*"}, Headers: []string{"*"}, Expose: []string{"*"}, MaxAge: -1}
	trusting := all
	trusting.Credentials = true
	tests := map[string]struct {
		spec   ir.CORS
		method string
		lines  []string
		want   string
	}{
		"a request":                                      {some, "GET", []string{origin}, "200 Vary=Origin Allow-Origin=https://a.example.com Expose-Headers=X-B, X-C"},
		"a request of nobody":                            {some, "GET", nil, "200 Vary=Origin"},
		"a request of a stranger":                        {some, "GET", []string{"Origin: https://evil.example"}, "200 Vary=Origin"},
		"a preflight request":                            {some, "OPTIONS", []string{origin, method}, "204 Allow-Methods=GET, PUT Allow-Headers=X-A Max-Age=5 Vary=Origin Allow-Origin=https://a.example.com Expose-Headers=X-B, X-C"},
		"a preflight request of a stranger":              {some, "OPTIONS", []string{"Origin: https://evil.example", method}, "403 Vary=Origin"},
		"OPTIONS that is no preflight request":           {some, "OPTIONS", []string{origin}, "200 Vary=Origin Allow-Origin=https://a.example.com Expose-Headers=X-B, X-C"},
		"any origin":                                     {all, "GET", []string{origin}, "200 Allow-Origin=* Expose-Headers=*"},
		"a preflight request where all is allowed":       {all, "OPTIONS", []string{origin, method, "Access-Control-Request-Headers: X-Z"}, "204 Allow-Methods=* Allow-Headers=* Allow-Origin=* Expose-Headers=*"},
		"any origin with credentials":                    {trusting, "GET", []string{origin}, "200 Vary=Origin Allow-Origin=https://a.example.com Allow-Credentials=true"},
		"a preflight request where credentials are sent": {trusting, "OPTIONS", []string{origin, method, "Access-Control-Request-Headers: X-Z"}, "204 Allow-Methods=PUT Allow-Headers=X-Z Vary=Origin Allow-Origin=https://a.example.com Allow-Credentials=true"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ask(t, tt.spec, tt.method, tt.lines...)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	tests := map[string]struct {
		allowed, from string
		want          bool
	}{
		"itself":                              {"https://a.example", "https://a.example", true},
		"in upper case":                       {"https://A.example", "HTTPS://a.EXAMPLE", true},
		"another scheme":                      {"https://a.example", "http://a.example", false},
		"another port":                        {"https://a.example", "https://a.example:8443", false},
		"its port":                            {"https://a.example:8443", "https://a.example:8443", true},
		"no port":                             {"https://a.example:8443", "https://a.example", false},
		"a name below":                        {"https://*.bar.com", "https://foo.bar.com", true},
		"a name far below":                    {"https://*.bar.com", "https://x.y.bar.com", true},
		"the name itself is not below":        {"https://*.bar.com", "https://bar.com", false},
		"a name that ends alike":              {"https://*.bar.com", "https://evilbar.com", false},
		"a name that goes on":                 {"https://*.bar.com", "https://a.bar.com.evil.example", false},
		"a name below with a port":            {"https://*.bar.com:81", "https://a.bar.com:81", true},
		"any host of the scheme":              {"https://*", "https://a.example", true},
		"any host of the scheme on any port":  {"https://*", "https://a.example:81", true},
		"any host of the scheme on its port":  {"https://*:81", "https://a.example:81", true},
		"any host of the scheme, wrong port":  {"https://*:81", "https://a.example:82", false},
		"the opaque origin":                   {"https://*", "null", false},
		"an address of IPv6":                  {"http://[::1]:80", "http://[::1]:80", true},
		"an address of IPv6 with its port":    {"http://[::1]", "http://[::1]:80", false},
		"an origin that only begins alike":    {"https://a.example", "https://a.example.evil", false},
		"an origin of another kind of scheme": {"chrome-extension://abc", "chrome-extension://abc", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := parseOrigin(tt.allowed)
			if err != nil {
				t.Fatal(err)
			}
			if got := o.matches([]byte(tt.from)); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	for name, spec := range map[string]ir.CORS{
		"an origin without a scheme":  {Origins: []string{"a.example"}},
		"an origin with a path":       {Origins: []string{"https://a.example/b"}},
		"a wildcard inside":           {Origins: []string{"https://a.*.example"}},
		"a wildcard within a label":   {Origins: []string{"https://*a.example"}},
		"a broken expression":         {OriginExpressions: []string{"("}},
		"a method that is no token":   {Origins: []string{"*"}, Methods: []string{"GET PUT"}},
		"a header with a line end":    {Origins: []string{"*"}, Headers: []string{"a\r\nb"}},
		"an exposed header of spaces": {Origins: []string{"*"}, Expose: []string{"  "}},
	} {
		if _, err := New(&spec); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzOrigin(f *testing.F) {
	f.Add("https://*.bar.com:81", "https://a.bar.com:81")
	f.Add("https://*", "null")
	f.Fuzz(func(t *testing.T, allowed, from string) {
		o, err := parseOrigin(allowed)
		if err != nil || !o.matches([]byte(from)) {
			return
		}
		if !strings.HasPrefix(strings.ToLower(from), o.scheme) || !strings.Contains(strings.ToLower(from), o.host) {
			t.Errorf("%q allows %q", allowed, from)
		}
	})
}
