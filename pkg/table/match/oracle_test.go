package match

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// request is an Input in plain strings.
type request struct {
	host, path, method, query string
	header                    lines
}

func (r request) input() *Input {
	return &Input{
		Host: []byte(r.host), Path: []byte(r.path), Method: []byte(r.method), Query: []byte(r.query), Header: r.header,
	}
}

// lines is a header as name, value pairs.
type lines [][2]string

func (l lines) Line(name string, from int) ([]byte, int, bool) {
	for i := from; i < len(l); i++ {
		if strings.EqualFold(l[i][0], name) {
			return []byte(l[i][1]), i + 1, true
		}
	}
	return nil, 0, false
}

// scan is the oracle: it does what the documentation of ir.Host and ir.Match
// says, by looking at everything in order.
func scan(hosts []Host[int], r request) (int, bool) {
	tried := slices.Clone(hosts)
	slices.SortStableFunc(tried, func(a, b Host[int]) int {
		if rank := hostRank(a.Pattern) - hostRank(b.Pattern); rank != 0 {
			return rank
		}
		if hostRank(a.Pattern) == 1 {
			// Of those with a partial label that match one name, the text behind it is the same.
			return cmp.Or(len(b.Pattern)-len(a.Pattern), strings.Index(b.Pattern, "*")-strings.Index(a.Pattern, "*"), cmp.Compare(a.Pattern, b.Pattern))
		}
		return len(b.Pattern) - len(a.Pattern)
	})
	for _, h := range tried {
		if !hostMatches(h.Pattern, r.host) {
			continue
		}
		for _, route := range h.Routes {
			if routeMatches(route, r) {
				return route.Payload, true
			}
		}
	}
	return 0, false
}

func hostRank(pattern string) int {
	label, _, _ := strings.Cut(pattern, ".")
	switch {
	case pattern == "":
		return 4
	case label == "**":
		return 3
	case label == "*":
		return 2
	case strings.Contains(label, "*"):
		return 1
	}
	return 0
}

func hostMatches(pattern, host string) bool {
	switch hostRank(pattern) {
	case 4:
		return true
	case 3:
		return strings.HasSuffix(host, pattern[2:]) && len(host) > len(pattern[2:])
	case 2, 1:
		expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, "[^.]+")
		return regexp.MustCompile("^" + expression + "$").MatchString(host)
	}
	return host == pattern
}

func routeMatches(route Route[int], r request) bool {
	ok := pathMatches(route.Path, r.path) && (route.Method == "" && r.method != "CONNECT" || route.Method == r.method)
	for _, v := range route.Headers {
		var values []string
		for _, l := range r.header {
			if strings.EqualFold(l[0], v.Name) {
				values = append(values, l[1])
			}
		}
		ok = ok && len(values) > 0 && valueMatches(v, strings.Join(values, ","), true)
	}
	for _, v := range route.Query {
		value, sound, there := firstParameter(r.query, v.Name)
		ok = ok && there && valueMatches(v, value, sound)
	}
	return ok
}

func pathMatches(p Path, path string) bool {
	switch p.Kind {
	case Exact:
		return p.Value == path
	case Prefix:
		prefix := strings.TrimSuffix(p.Value, "/")
		return prefix == "" || path == prefix || strings.HasPrefix(path, prefix+"/")
	}
	return whole(p.Value, path)
}

func valueMatches(v Value, value string, sound bool) bool {
	switch v.Kind {
	case Present:
		return true
	case Equal:
		return sound && value == v.Value
	}
	return sound && whole(v.Value, value)
}

func whole(expr, s string) bool {
	if _, err := regexp.Compile(expr); err != nil {
		return false
	}
	return regexp.MustCompile("^(?:" + expr + ")$").MatchString(s)
}

func firstParameter(query, name string) (value string, sound, there bool) {
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(k); err != nil || key != name {
			continue
		}
		value, err := url.QueryUnescape(v)
		return value, err == nil, true
	}
	return "", false, false
}

// The generators draw from few words, so that tables and requests meet often.
var (
	genHost = rapid.SampledFrom([]string{
		"", "a", "b.a", "c.b.a", "d.c.b.a", "b.b.a", "a.a", "x", "x.b.a", ".a", "a.",
		"cdn.a", "cdn-1.a", "cdn-10.a", "cdn-.a", "cdn-1.b.a", "dn-1.a",
	})
	genPattern = rapid.SampledFrom([]string{
		"", "a", "b.a", "c.b.a", "*.a", "*.b.a", "*.c.b.a", "**.a", "**.b.a", "**.c.b.a", "x", "a.a",
		"cdn-*.a", "cdn*.a", "c*n-1.a", "*-1.a", "*1.a", "c*1.a", "cdn-*.b.a",
	})
	genPath = rapid.Map(
		rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ab", "b", "", "abc"}), 1, 4),
		func(elements []string) string { return "/" + strings.Join(elements, "/") },
	)
	genRegex = rapid.SampledFrom([]string{
		"/.*", "/a", "/a.*", "/(a|b)/.*", "(?i)/A.*", "/a+", "^/a/b$", "/ab?c?", "/a/b/", "(/a)+", "a)|(b", "/a|/b/.*",
		"/ab{1,2}", "", ".*b", "/[ab]/a", "(?:/ab)?/a", "/\\x{fffd}?a", "/a/(",
	})
	genMethod = rapid.SampledFrom([]string{"", "GET", "POST", "CONNECT"})
	genName   = rapid.SampledFrom([]string{"k", "x-v", "+k"})
	genQuery  = rapid.Map(
		rapid.SliceOfN(rapid.SampledFrom([]string{
			"k=1", "k=2", "k", "k=", "%6b=1", "k=%31", "k=%3", "%zz=1", "x-v=1,2", "x-v=1%2C2", "+k=1", "%2Bk=2", "", "=", "k=1=2",
		}), 0, 3),
		func(pairs []string) string { return strings.Join(pairs, "&") },
	)
	genLines = rapid.Map(
		rapid.SliceOfN(rapid.SampledFrom([]string{"k:1", "K:2", "x-v:1", "X-V:2", "k:1,2", "k:", "x-v:"}), 0, 3),
		func(all []string) (l lines) {
			for _, s := range all {
				name, value, _ := strings.Cut(s, ":")
				l = append(l, [2]string{name, value})
			}
			return l
		},
	)
	genValue = rapid.Custom(func(t *rapid.T) Value {
		return Value{
			Name:  genName.Draw(t, "name"),
			Kind:  rapid.SampledFrom([]ValueKind{Equal, Matches, Present}).Draw(t, "kind"),
			Value: rapid.SampledFrom([]string{"", "1", "2", "1,2", "1.*", "[12]", "(1|2),?"}).Draw(t, "value"),
		}
	})
	genRequest = rapid.Custom(func(t *rapid.T) request {
		return request{
			host:   genHost.Draw(t, "host"),
			path:   genPath.Draw(t, "path"),
			method: genMethod.Draw(t, "method"),
			query:  genQuery.Draw(t, "query"),
			header: genLines.Draw(t, "header"),
		}
	})
)

func drawPath(t *rapid.T) Path {
	kind := rapid.SampledFrom([]PathKind{Prefix, Exact, Regex}).Draw(t, "kind")
	if kind == Regex {
		return Path{Kind: kind, Value: genRegex.Draw(t, "expression")}
	}
	return Path{Kind: kind, Value: genPath.Draw(t, "path")}
}

// drawHosts draws a table whose routes are numbered from 1.
func drawHosts(t *rapid.T) []Host[int] {
	patterns := rapid.SliceOfNDistinct(genPattern, 1, 6, rapid.ID).Draw(t, "patterns")
	hosts := make([]Host[int], len(patterns))
	number := 0
	for i, p := range patterns {
		hosts[i].Pattern = p
		for range rapid.IntRange(0, 8).Draw(t, "routes") {
			number++
			r := Route[int]{Path: drawPath(t), Payload: number}
			// Half of the routes have no other condition, so that many match.
			if rapid.Bool().Draw(t, "conditions") {
				r.Method = genMethod.Draw(t, "method")
				r.Headers = rapid.SliceOfN(genValue, 0, 2).Draw(t, "headers")
				r.Query = rapid.SliceOfN(genValue, 0, 2).Draw(t, "query")
			}
			hosts[i].Routes = append(hosts[i].Routes, r)
		}
	}
	return hosts
}

// findEqualsScan is the property that makes a Matcher right: Find and Explain
// give what a scan gives.
func findEqualsScan(t *rapid.T) {
	hosts := drawHosts(t)
	m, _ := New(hosts)
	for range 8 {
		r := genRequest.Draw(t, "request")
		want, wantOK := scan(hosts, r)
		if got, ok := m.Find(r.input()); got != want || ok != wantOK {
			t.Fatalf("Find(%+v) = %d, %v, want %d, %v\nin %+v", r, got, ok, want, wantOK, hosts)
		}
		e := m.Explain(r.input(), 3)
		if e.Found != want || e.OK != wantOK {
			t.Fatalf("Explain(%+v) found %d, %v, want %d, %v\nin %+v", r, e.Found, e.OK, want, wantOK, hosts)
		}
	}
}

func TestFindEqualsScan(t *testing.T) { rapid.Check(t, findEqualsScan) }

func FuzzFindEqualsScan(f *testing.F) { f.Fuzz(rapid.MakeFuzz(findEqualsScan)) }
