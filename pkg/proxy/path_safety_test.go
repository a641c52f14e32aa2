package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// serveGuarded makes rules, which answer 401, for a prefix, a path and an expression, beside routes that are open: all
// other paths, and a prefix that is rewritten.
func serveGuarded(t *testing.T, o proxytest.Options) *proxytest.Kit {
	t.Helper()
	k := proxytest.Start(t, o)
	c, open := proxytest.Config()
	both := matrixCertificates()
	c.Certificates = both[:1]
	c.Listeners[1].TLS.Default = both[0].Name
	guard := func(kind ir.PathKind, path string) ir.Route {
		r := *open
		r.ID, r.Action = "test"+path, &ir.Respond{Status: 401}
		r.Match.Path = ir.PathMatch{Kind: kind, Value: path}
		return r
	}
	rewritten := *open
	rewritten.ID, rewritten.Match.Path.Value = "test/rewritten", "/app"
	rewritten.Filters = []ir.Filter{&ir.RewriteURL{Path: ir.PathEdit{Kind: ir.PrefixReplaced, Prefix: "/app", Value: "/"}}}
	routes := &c.RouteSets[0].Hosts[0].Routes
	*routes = append([]ir.Route{
		guard(ir.PathPrefix, "/admin"), guard(ir.PathExact, "/exact"), guard(ir.PathRegex, "/re/[a-z]+(/.*)?"), rewritten,
	}, *routes...)
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for {
			head, err := proxytest.ReadHead(r)
			if err != nil {
				return
			}
			target := strings.Fields(head)[1]
			fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(target), target)
		}
	}))
	return k
}

// guardedPaths are paths with what becomes of them: a status, or what the endpoint is asked for.
var guardedPaths = map[string]string{
	// The rules themselves.
	"/admin": "401", "/admin/users": "401", "/exact": "401", "/re/x": "401", "/re/x/y": "401",
	"/open": "/open", "/administrator": "/administrator", "/app/x": "/x", "/exact/": "/exact/",
	// Escapes of letters, in either case, and of dots.
	"/%61dmin": "401", "/%61%64%6D%69%6e/x": "401", "/%41dmin": "/Admin", "/e%78act": "401", "/re/%78": "401",
	"/open/../admin": "401", "/open/%2e%2e/admin": "401", "/open/.%2E/admin/": "401", "/./admin": "401", "/%2e/exact": "401", "/../admin": "401",
	"/app/../admin": "401", "/app/%2E%2e/re/x": "401",
	// Dots in disguise.
	"/open/..%2fadmin": "400", "/open/..%2Fadmin": "400", "/open%2F..%2Fadmin": "400", "/open/%2e%2e%2fadmin": "400", "/open/..%5cadmin": "400",
	"/open/..;/admin": "400", "/open/..;x=y/admin": "400", "/open/%2e%2e;/admin": "400", "/open/..%3b/admin": "400", "/open/%252e%252e/admin": "400",
	"/open/%252e%252e%252fadmin": "400", "/app/..%2Fadmin": "400", "/app/..;/admin": "400",
	// Slashes.
	"//admin": "401", "///admin//x": "401", "/admin//x": "401", "//exact": "401", "/re//x": "401", "//re/x": "401", "/open//x": "/open//x", "//app/x": "/x",
	"/%2fadmin": "400", "/%2Fadmin": "400", "/admin%2fx": "400", "/admin%2Fx": "400", "/re%2fx": "400", "/%2Fexact": "400", "/open%2fx": "/open%2Fx",
	"/%5cadmin": "400", "/admin%5Cx": "400", "/app%2Fx": "400", "/app/a%2Fb": "/a%2Fb",
	// Parameters.
	"/admin;x": "400", "/admin;x=y/z": "400", "/exact;x": "400", "/re/x;y": "400", "/;x/admin": "400", "/admin%3bx": "400", "/open;x": "/open;x", "/admin/a;x": "401",
	// Twice.
	"/%2561dmin": "400", "/%252561dmin": "400", "/%252fadmin": "400", "/exac%2574": "400", "/re/%2578": "400", "/100%25": "/100%25",
	// What no path may have.
	"/open/\\..\\admin": "400", "/admin%00": "400", "/open%00/../admin": "400", "/%zz": "400", "/open%": "400", "/open%2": "400",
}

func TestNoSpellingOfAPathLeadsAroundARule(t *testing.T) {
	for _, version := range []string{"h1", "h2c", "h3"} {
		t.Run(version, func(t *testing.T) {
			k := serveGuarded(t, proxytest.Options{})
			ask := map[string]func(string) string{
				"h1": func(path string) string {
					got := k.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
					head, body, _ := strings.Cut(got, "\r\n\r\n")
					if status := strings.Fields(head)[1]; status != "200" {
						return status
					}
					return body
				},
				"h2c": askRaw(t, "http", clearHTTP2(t, k)),
				"h3":  askRaw(t, "https", http3Client(t, k, k.HTTP3(ir.ListenerHTTPS))),
			}[version]
			for path, want := range guardedPaths {
				if got := ask(path); got != want {
					t.Errorf("%s: got %s, want %s", path, got, want)
				}
			}
		})
	}
}

// askRaw asks for a path as it is written.
func askRaw(t *testing.T, scheme string, client http.RoundTripper) func(string) string {
	return func(path string) string {
		req := &http.Request{Method: http.MethodGet, Host: "h", Header: http.Header{}, URL: &url.URL{Scheme: scheme, Host: "h", Opaque: "//h" + path}}
		resp, err := client.RoundTrip(req.WithContext(t.Context()))
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		switch {
		case err != nil:
			return err.Error()
		case resp.StatusCode != http.StatusOK:
			return fmt.Sprint(resp.StatusCode)
		}
		return string(body)
	}
}

func TestAmbiguousPathsPassWhereTheyMay(t *testing.T) {
	k := serveGuarded(t, proxytest.Options{Proxy: proxy.Options{PassAmbiguous: true, DebugHeaders: true}})
	for path, want := range map[string]string{
		"/admin%2fx": "200 OK", "/admin;x": "200 OK", "//admin": "401 Unauthorized", "/open/..%2fadmin": "400 Bad Request",
	} {
		if got := k.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%s: got %q, want %s", path, got, want)
		}
	}
	k = serveGuarded(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}})
	if got := k.Send("GET /admin;x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); !strings.Contains(got, "X-Sluice-Reason: ambiguous_path\r\n") {
		t.Errorf("got %q", got)
	}
	if line := k.Log(1)[0]; line["reason"] != "ambiguous_path" || line["path"] != "/admin;x" || line["fault"] != "downstream" {
		t.Errorf("logged %v", line)
	}
}
