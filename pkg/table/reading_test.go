package table

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// guarded is a table with a rule for each kind of path, and a route around each of them.
func guarded(t testing.TB) *Listener {
	guard := func(id, at string, kind ir.PathKind) ir.Route {
		r := route(id, at, &ir.Respond{Status: 401})
		r.Match.Path.Kind = kind
		return r
	}
	spelt := route("spelt", `/spelt%2Fout;[a-z]+//.*`, to("a"))
	spelt.Match.Path.Kind = ir.PathRegex
	tbl, facts := compile(t, config([]ir.Route{
		guard("admin", "/admin", ir.PathPrefix), guard("deep", "/public/deep/admin", ir.PathPrefix), guard("exact", "/exact", ir.PathExact),
		guard("regex", `/re/[a-z]+(/.*)?`, ir.PathRegex), spelt,
		route("public", "/public", to("a")), route("alike", "/alike", to("a")), route("other", "/other", to("b")), route("root", "/", to("a")),
	}, "a", "b"))
	if facts.Len() > 0 {
		t.Fatal(facts.All())
	}
	return tbl.Listener("http")
}

func TestFindSafely(t *testing.T) {
	l := guarded(t)
	for name, tt := range map[string]struct{ path, route, becomes string }{
		"a plain path":                            {"/admin/users", "admin", ""},
		"an empty segment ahead":                  {"//admin/users", "admin", "/admin/users"},
		"empty segments ahead and within":         {"///admin//users", "admin", "/admin/users"},
		"an empty segment within":                 {"/admin//users", "admin", "/admin//users"},
		"an empty segment elsewhere":              {"/files/http://x//y", "root", "/files/http://x//y"},
		"an empty segment within a prefix":        {"/public//deep/admin", "deep", "/public/deep/admin"},
		"an empty segment ahead of an exact path": {"//exact", "exact", "/exact"},
		"an empty segment ahead of an expression": {"//re//x", "regex", "/re/x"},
		"an encoded slash behind":                 {"/admin%2Fusers", "ambiguous", ""},
		"an encoded slash ahead":                  {"/%2Fadmin", "ambiguous", ""},
		"an encoded backslash":                    {"/admin%5Cusers", "ambiguous", ""},
		"an encoded slash within a prefix":        {"/public%2Fdeep/admin", "ambiguous", ""},
		"an encoded slash that leads nowhere":     {"/public/a%2Fb", "public", ""},
		"an encoded slash behind the rule":        {"/admin/a%2Fb", "admin", ""},
		"a parameter":                             {"/admin;x=1/users", "ambiguous", ""},
		"a parameter behind an exact path":        {"/exact;x", "ambiguous", ""},
		"a parameter behind an expression":        {"/re/x;y", "ambiguous", ""},
		"an encoded parameter":                    {"/admin%3Bx/users", "ambiguous", ""},
		"a parameter elsewhere":                   {"/public/a;b=c/d;e", "public", ""},
		"a letter encoded twice":                  {"/%2561dmin", "ambiguous", ""},
		"a letter encoded thrice":                 {"/%252561dmin", "ambiguous", ""},
		"a percent sign":                          {"/100%25", "root", ""},
		"a route that does the same":              {"/alike;x", "root", ""},
		"a route that does something else":        {"/other;x", "ambiguous", ""},
		"a route that means it":                   {"/spelt%2Fout;a//b", "spelt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := get(tt.path)
			r, err := l.FindSafely(in)
			got := "ambiguous"
			if !errors.Is(err, ErrAmbiguous) {
				got = r.ID
			}
			if tt.becomes == "" {
				tt.becomes = tt.path
			}
			if got != tt.route || string(in.Path) != tt.becomes {
				t.Errorf("got %s for %s", got, in.Path)
			}
		})
	}
}

// readers are how programs read a path: each returns what it takes for the plain path.
var readers = func() map[string]func(string) string {
	unescape := func(p string) string {
		if plain, err := url.PathUnescape(p); err == nil {
			return plain
		}
		return p
	}
	// clean keeps a slash at the end, which some rules count.
	clean := func(p string) string {
		if c := path.Clean("/" + p); strings.HasSuffix(p, "/") && c != "/" {
			return c + "/"
		} else {
			return c
		}
	}
	parameters := regexp.MustCompile(`;[^/]*`)
	cut := func(p string) string { return parameters.ReplaceAllString(p, "") }
	unslash := func(p string) string { return strings.ReplaceAll(p, `\`, "/") }
	return map[string]func(string) string{
		"as it is":                     func(p string) string { return p },
		"decoded":                      unescape,
		"cleaned":                      clean,
		"decoded, cleaned":             func(p string) string { return clean(unescape(p)) },
		"cleaned, decoded":             func(p string) string { return unescape(clean(p)) },
		"cut, decoded, cleaned":        func(p string) string { return clean(unescape(cut(p))) },
		"decoded, cut, cleaned":        func(p string) string { return clean(cut(unescape(p))) },
		"decoded twice, cleaned":       func(p string) string { return clean(unescape(unescape(p))) },
		"decoded, unslashed, cleaned":  func(p string) string { return clean(unslash(unescape(p))) },
		"decoded as long as possible":  func(p string) string { return clean(cut(unslash(decodedWholly(p)))) },
		"cleaned, decoded and cleaned": func(p string) string { return clean(unescape(clean(p))) },
	}
}()

// decodedWholly decodes what can be decoded, again and again.
func decodedWholly(p string) string {
	escape := regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	for {
		next := escape.ReplaceAllStringFunc(p, func(e string) string {
			c, _ := url.PathUnescape(e)
			return c
		})
		if next == p {
			return p
		}
		p = next
	}
}

var guardedRegex = regexp.MustCompile(`(?s)^/re/[a-z]+(/.*)?$`)

// isGuarded says by the letter of guarded whether a plain path is behind a rule.
func isGuarded(p string) bool {
	return p == "/admin" || strings.HasPrefix(p, "/admin/") || p == "/public/deep/admin" || strings.HasPrefix(p, "/public/deep/admin/") ||
		p == "/exact" || guardedRegex.MatchString(p)
}

// FuzzNoSpellingLeadsAroundARule holds what is forwarded without a rule against each of the readers.
func FuzzNoSpellingLeadsAroundARule(f *testing.F) {
	for _, s := range []string{
		"/admin", "//admin", "/%61dmin", "/%2561dmin", "/admin%2fx", "/%2fadmin", "/admin;a/b", "/;/admin", "/public/..%2fadmin", "/public/..;/admin",
		"/public/%2e%2e/admin", "/public/%252e%252e/admin", `/public/..\admin`, "/public%5c..%5cadmin", "/public//deep//admin", "/exact;x", "/re%2Fx",
		"/public/x/..;/..;/deep/admin", "/public/deep%2f%2fadmin", "/a;b/../admin", "/admin%00", "/./admin", "/%%361dmin", "/spelt%2Fout;a//../admin",
	} {
		f.Add(s)
	}
	l := guarded(f)
	f.Fuzz(func(t *testing.T, raw string) {
		normal, err := match.NormalizePath([]byte(raw), nil)
		if err != nil || raw == "*" || raw == "" || len(raw) > 100 { // The readers are slow.
			return
		}
		in := get(string(normal))
		r, err := l.FindSafely(in)
		if err != nil || r.Respond != nil || r.ID == "spelt" {
			return
		}
		for name, read := range readers {
			if got := read(string(in.Path)); isGuarded(got) {
				t.Errorf("%q is forwarded by %s as %q, which is %q %s", raw, r.ID, in.Path, got, name)
			}
		}
	})
}
