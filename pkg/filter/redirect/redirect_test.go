package redirect

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestHTTPS(t *testing.T) {
	tests := map[string]struct {
		spec     ir.RedirectHTTPS
		host     string
		path     string
		query    string
		hasQuery bool
		want     string
	}{
		"path and query are kept":            {ir.RedirectHTTPS{Status: 308, Port: 443}, "shop.example.com", "/a%2Fb/", "x=1&y=%20", true, "https://shop.example.com/a%2Fb/?x=1&y=%20"},
		"port 443 is left out":               {ir.RedirectHTTPS{Status: 301, Port: 443}, "a", "/", "", false, "https://a/"},
		"another port is named":              {ir.RedirectHTTPS{Status: 302, Port: 8443}, "a", "/b", "", false, "https://a:8443/b"},
		"an empty query stays":               {ir.RedirectHTTPS{Status: 307, Port: 443}, "a", "/b", "", true, "https://a/b?"},
		"an IPv6 address keeps its brackets": {ir.RedirectHTTPS{Status: 303, Port: 8443}, "[::1]", "/", "", false, "https://[::1]:8443/"},
		"a path of two slashes stays a path": {ir.RedirectHTTPS{Status: 308, Port: 443}, "a", "//evil.example/x", "", false, "https://a//evil.example/x"},
		"the asterisk form goes to the root": {ir.RedirectHTTPS{Status: 308, Port: 443}, "a", "*", "", false, "https://a/"},
		"CONNECT goes to the root":           {ir.RedirectHTTPS{Status: 308, Port: 443}, "a", "", "", false, "https://a/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := NewHTTPS(&tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			got := f.OnRequestHead(&filter.Exchange{
				Host:    []byte(tt.host),
				Request: &wire.Request{Path: []byte(tt.path), Query: []byte(tt.query), HasQuery: tt.hasQuery},
			})
			want := &filter.Answer{
				Status: tt.spec.Status,
				Reason: "tls_redirect",
				Header: []filter.AnswerField{{Name: "Location", Value: tt.want}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the answer differs (-want +got):\n%s", diff)
			}
			if u, err := url.Parse(tt.want); err != nil || u.Host == "" || u.Scheme != "https" {
				t.Errorf("%q is no absolute URL: %v", tt.want, err)
			}
		})
	}
}

func TestHTTPSLetsSecureRequestsPass(t *testing.T) {
	f, err := NewHTTPS(&ir.RedirectHTTPS{Status: 308, Port: 443})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.OnRequestHead(&filter.Exchange{Secure: true, Request: &wire.Request{}}); got != nil {
		t.Errorf("got %+v", got)
	}
}

func TestHTTPSRefusesRequestsWithoutAHost(t *testing.T) {
	f, err := NewHTTPS(&ir.RedirectHTTPS{Status: 308, Port: 443})
	if err != nil {
		t.Fatal(err)
	}
	got := f.OnRequestHead(&filter.Exchange{Request: &wire.Request{Path: []byte("/")}})
	want := &filter.Answer{Status: 400, Reason: "tls_redirect_without_host"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the answer differs (-want +got):\n%s", diff)
	}
}

func TestNewHTTPSRefusesWhatDoesNotRedirect(t *testing.T) {
	for name, spec := range map[string]ir.RedirectHTTPS{
		"no status":           {Port: 443},
		"success":             {Status: 200, Port: 443},
		"304 is no target":    {Status: 304, Port: 443},
		"no port to go to":    {Status: 308},
		"beyond the statuses": {Status: 309, Port: 443},
	} {
		t.Run(name, func(t *testing.T) {
			if f, err := NewHTTPS(&spec); err == nil || f != nil {
				t.Errorf("%+v was made: %+v", spec, f)
			}
		})
	}
}
