package match

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func prefix(path string) Route[string] {
	return Route[string]{Path: Path{Kind: Prefix, Value: path}, Payload: "Prefix " + path}
}

func exact(path string) Route[string] {
	return Route[string]{Path: Path{Kind: Exact, Value: path}, Payload: "Exact " + path}
}

func expression(expr string) Route[string] {
	return Route[string]{Path: Path{Kind: Regex, Value: expr}, Payload: "Regex " + expr}
}

// named is the route for every path that returns name.
func named(name string, change func(*Route[string])) Route[string] {
	r := Route[string]{Path: Path{Kind: Prefix, Value: "/"}, Payload: name}
	if change != nil {
		change(&r)
	}
	return r
}

// find returns "-" where nothing is found.
func find(t *testing.T, m *Matcher[string], r request) string {
	t.Helper()
	got, ok := m.Find(r.input())
	if !ok {
		return "-"
	}
	return got
}

func TestPaths(t *testing.T) {
	tests := map[string]struct {
		routes []Route[string]
		// want is what each path finds.
		want map[string]string
	}{
		"a prefix takes whole elements": {
			[]Route[string]{prefix("/a/b")},
			map[string]string{"/a/b": "Prefix /a/b", "/a/b/": "Prefix /a/b", "/a/b/c": "Prefix /a/b", "/a/bc": "-", "/a": "-", "/": "-"},
		},
		"a final slash of a prefix makes no difference": {
			[]Route[string]{prefix("/a/")},
			map[string]string{"/a": "Prefix /a/", "/a/": "Prefix /a/", "/a/b": "Prefix /a/", "/ab": "-"},
		},
		"the prefix / takes every path, that of OPTIONS * and CONNECT too": {
			[]Route[string]{prefix("/")},
			map[string]string{"/": "Prefix /", "/a": "Prefix /", "*": "Prefix /", "": "Prefix /", "//": "Prefix /"},
		},
		"a final slash of an exact path counts": {
			[]Route[string]{exact("/a"), exact("/b/")},
			map[string]string{"/a": "Exact /a", "/a/": "-", "/b": "-", "/b/": "Exact /b/", "/a/b": "-"},
		},
		"a regular expression takes the whole path": {
			[]Route[string]{expression("/a[0-9]+"), expression("/x)|(/y"), expression("/p|/q")},
			map[string]string{"/a1": "Regex /a[0-9]+", "/a1/": "-", "/b/a1": "-", "/x": "-", "/q": "Regex /p|/q", "/qq": "-"},
		},
		"the order decides, not the length": {
			[]Route[string]{prefix("/a"), exact("/a/b"), expression("/a/.*"), prefix("/a/b/c")},
			map[string]string{"/a/b": "Prefix /a", "/a/b/c": "Prefix /a"},
		},
		"a shorter prefix takes what the longer one leaves": {
			[]Route[string]{exact("/a/b"), prefix("/a/b/c"), prefix("/a"), prefix("/")},
			map[string]string{"/a/b": "Exact /a/b", "/a/b/c": "Prefix /a/b/c", "/a/b/cd": "Prefix /a", "/ab": "Prefix /"},
		},
		"the spelling of a route's path makes no difference": {
			[]Route[string]{prefix("/caf%c3%a9"), exact("/é"), exact("/a%62/../c")},
			map[string]string{"/caf%C3%A9/x": "Prefix /caf%c3%a9", "/%C3%A9": "Exact /é", "/c": "Exact /a%62/../c"},
		},
		"an empty element is an element": {
			[]Route[string]{prefix("/a//b")},
			map[string]string{"/a//b": "Prefix /a//b", "/a/b": "-"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, _ := New([]Host[string]{{Routes: tt.routes}})
			for path, want := range tt.want {
				if got := find(t, m, request{path: path}); got != want {
					t.Errorf("%q found %q, want %q", path, got, want)
				}
			}
		})
	}
}

func TestHosts(t *testing.T) {
	all := func(pattern string) Host[string] {
		return Host[string]{Pattern: pattern, Routes: []Route[string]{named(pattern, nil)}}
	}
	m, faults := New([]Host[string]{
		all("**.example.com"), all("*.example.com"), all("shop.example.com"), all("**.eu.example.com"), all("*.only.test"), all("**.com"),
	})
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	tests := map[string]struct{ host, want string }{
		"the exact name comes first":                  {"shop.example.com", "shop.example.com"},
		"then the wildcard of one label":              {"cart.example.com", "*.example.com"},
		"then the longest suffix":                     {"a.b.eu.example.com", "**.eu.example.com"},
		"one label suffices for a suffix":             {"a.eu.example.com", "**.eu.example.com"},
		"then shorter suffixes":                       {"a.us.example.com", "**.example.com"},
		"the domain itself is no match of its suffix": {"example.com", "**.com"},
		"one label is not two":                        {"a.b.only.test", "-"},
		"a label may not be empty":                    {".only.test", "-"},
		"other hosts find nothing":                    {"test", "-"},
		"no host finds nothing":                       {"", "-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := find(t, m, request{host: tt.host, path: "/"}); got != tt.want {
				t.Errorf("%q found %q, want %q", tt.host, got, tt.want)
			}
		})
	}
}

func TestAHostWithoutAMatchPassesOn(t *testing.T) {
	m, _ := New([]Host[string]{
		{Pattern: "", Routes: []Route[string]{named("every host", nil)}},
		{Pattern: "a.b", Routes: []Route[string]{exact("/1")}},
		{Pattern: "*.b", Routes: []Route[string]{exact("/2")}},
		{Pattern: "**.b", Routes: []Route[string]{exact("/3")}},
		{Pattern: "a.b", Routes: []Route[string]{exact("/4"), prefix("/1")}},
	})
	for path, want := range map[string]string{
		"/1": "Exact /1", "/2": "Exact /2", "/3": "Exact /3", "/4": "Exact /4", "/5": "every host", "/1/x": "Prefix /1",
	} {
		if got := find(t, m, request{host: "a.b", path: path}); got != want {
			t.Errorf("%q found %q, want %q", path, got, want)
		}
	}
}

func TestConditions(t *testing.T) {
	header := func(kind ValueKind, value string) func(*Route[string]) {
		return func(r *Route[string]) { r.Headers = []Value{{Name: "x-v", Kind: kind, Value: value}} }
	}
	query := func(kind ValueKind, value string) func(*Route[string]) {
		return func(r *Route[string]) { r.Query = []Value{{Name: "a b", Kind: kind, Value: value}} }
	}
	tests := map[string]struct {
		condition func(*Route[string])
		request   request
		want      bool
	}{
		"a method is the same":                      {func(r *Route[string]) { r.Method = "GET" }, request{method: "GET"}, true},
		"no method is all but CONNECT":              {func(r *Route[string]) {}, request{method: "CONNECT"}, false},
		"CONNECT has to be asked for":               {func(r *Route[string]) { r.Method = "CONNECT" }, request{method: "CONNECT"}, true},
		"methods differ by case":                    {func(r *Route[string]) { r.Method = "GET" }, request{method: "get"}, false},
		"a header is the same":                      {header(Equal, "1"), request{header: lines{{"X-V", "1"}}}, true},
		"a header is another":                       {header(Equal, "1"), request{header: lines{{"X-V", "11"}}}, false},
		"a header is missing":                       {header(Equal, ""), request{header: lines{{"X-W", ""}}}, false},
		"a header is there and empty":               {header(Equal, ""), request{header: lines{{"x-v", ""}}}, true},
		"values differ by case":                     {header(Equal, "a"), request{header: lines{{"x-v", "A"}}}, false},
		"several lines are joined":                  {header(Equal, "1,,3"), request{header: lines{{"x-v", "1"}, {"X-V", ""}, {"x-w", "9"}, {"x-v", "3"}}}, true},
		"one of several lines is not enough":        {header(Equal, "1"), request{header: lines{{"x-v", "1"}, {"x-v", "2"}}}, false},
		"only a comma joins lines":                  {header(Equal, "1;2"), request{header: lines{{"x-v", "1"}, {"x-v", "2"}}}, false},
		"joined lines have no comma at the end":     {header(Equal, "1,"), request{header: lines{{"x-v", "1"}}}, false},
		"an expression takes the whole value":       {header(Matches, "[0-9]"), request{header: lines{{"x-v", "12"}}}, false},
		"an expression takes joined lines":          {header(Matches, "1,[0-9]"), request{header: lines{{"x-v", "1"}, {"x-v", "2"}}}, true},
		"a header only has to be there":             {header(Present, ""), request{header: lines{{"x-v", "anything"}}}, true},
		"a header that has to be there is not":      {header(Present, ""), request{}, false},
		"a parameter is the same, decoded":          {query(Equal, "é+1"), request{query: "x=2&a+b=%c3%A9%2b1"}, true},
		"a parameter's name may be encoded":         {query(Equal, "1"), request{query: "%61%20b=1"}, true},
		"the first of several counts":               {query(Equal, "2"), request{query: "a+b=1&a+b=2"}, false},
		"a parameter without a value is empty":      {query(Equal, ""), request{query: "a+b"}, true},
		"a parameter is missing":                    {query(Equal, ""), request{query: "a=&b="}, false},
		"a malformed value is no value":             {query(Equal, "%z"), request{query: "a+b=%z"}, false},
		"a malformed value counts as the first":     {query(Equal, "1"), request{query: "a+b=%&a+b=1"}, false},
		"a malformed value is there all the same":   {query(Present, ""), request{query: "a+b=%z"}, true},
		"a malformed name is no name":               {query(Present, ""), request{query: "a+b%=1"}, false},
		"only & separates":                          {query(Equal, "1;c=2"), request{query: "a+b=1;c=2"}, true},
		"the first = ends the name":                 {query(Equal, "1=2"), request{query: "a+b=1=2"}, true},
		"an expression takes the decoded parameter": {query(Matches, "v[0-9] x"), request{query: "a+b=v1+x"}, true},
		"an expression takes plain parameters":      {query(Matches, "v[0-9]"), request{query: "a+b=v1"}, true},
		"an expression takes no malformed value":    {query(Matches, ".*"), request{query: "a+b=%z"}, false},
		"no query at all":                           {query(Present, ""), request{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, faults := New([]Host[string]{{Routes: []Route[string]{named("it", tt.condition)}}})
			if len(faults) != 0 {
				t.Fatal(faults)
			}
			tt.request.path = "/"
			if got := find(t, m, tt.request) == "it"; got != tt.want {
				t.Errorf("match is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAllConditionsMustHold(t *testing.T) {
	m, _ := New([]Host[string]{{Routes: []Route[string]{named("it", func(r *Route[string]) {
		r.Method = "GET"
		r.Headers = []Value{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}
		r.Query = []Value{{Name: "c", Value: "3"}, {Name: "d", Value: "4"}}
	})}}})
	full := request{path: "/", method: "GET", header: lines{{"a", "1"}, {"b", "2"}}, query: "c=3&d=4"}
	if got := find(t, m, full); got != "it" {
		t.Errorf("with all conditions: found %q", got)
	}
	for name, change := range map[string]func(*request){
		"method": func(r *request) { r.method = "PUT" },
		"header": func(r *request) { r.header = r.header[:1] },
		"query":  func(r *request) { r.query = "c=3" },
	} {
		r := full
		change(&r)
		if got := find(t, m, r); got != "-" {
			t.Errorf("without the %s: found %q", name, got)
		}
	}
	if _, ok := m.Find(&Input{Path: []byte("/"), Method: []byte("GET"), Query: []byte("c=3&d=4")}); ok {
		t.Error("a request without any header matched")
	}
}

func TestFaultsHarmNoOther(t *testing.T) {
	broken := []Route[string]{
		expression("/a("),
		exact("a"),
		prefix(""),
		exact("/%zz"),
		{Path: Path{Kind: 9, Value: "/"}},
		named("", func(r *Route[string]) { r.Headers = []Value{{Name: "h", Kind: Matches, Value: "["}} }),
		named("", func(r *Route[string]) { r.Query = []Value{{Name: "q", Kind: 9}} }),
		expression("/(.{200}){5}(.{100}){10}(x|y){1000}"),
		prefix("/good"),
	}
	m, faults := New([]Host[string]{
		{Pattern: "a*b", Routes: broken},
		{Pattern: "*", Routes: broken},
		{Pattern: "UPPER", Routes: broken},
		{Pattern: "a.", Routes: broken},
		{Pattern: "**.", Routes: broken},
		{Pattern: "ok", Routes: broken},
	})
	var got []string
	for _, f := range faults {
		if f.Err == nil {
			t.Errorf("fault without an error: %+v", f)
		}
		got = append(got, fmt.Sprintf("%d/%d %s", f.Host, f.Route, f.Part))
	}
	want := []string{
		"0/-1 host", "1/-1 host", "2/-1 host", "3/-1 host", "4/-1 host",
		"5/0 path", "5/1 path", "5/2 path", "5/3 path", "5/4 path", "5/5 headers[h]", "5/6 query[q]", "5/7 path",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
	r := request{host: "ok", path: "/good", query: "q=", header: lines{{"h", "["}}}
	if got := find(t, m, r); got != "Prefix /good" {
		t.Errorf("found %q", got)
	}
	r.path = "/bad"
	if got := find(t, m, r); got != "-" {
		t.Errorf("a broken route serves: %q", got)
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	m, _ := New([]Host[string]{
		{Pattern: "**.example.com", Routes: []Route[string]{named("it", func(r *Route[string]) {
			r.Method = "GET"
			r.Headers = []Value{{Name: "x-v", Value: "1,2"}, {Name: "x-w", Kind: Present}}
			r.Query = []Value{{Name: "a b", Value: "é"}}
		})}},
		{Pattern: "*.b.example.com", Routes: []Route[string]{prefix("/other"), exact("/a/b")}},
	})
	in := request{
		host: "a.b.example.com", path: "/a/b/c", method: "GET", query: "x=1&a%20b=%C3%A9",
		header: lines{{"x-v", "1"}, {"X-V", "2"}, {"x-w", ""}},
	}.input()
	in.Header = fixedLines{}
	if n := testing.AllocsPerRun(100, func() {
		if got, _ := m.Find(in); got != "it" {
			t.Fatalf("found %q", got)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

var one, two = []byte("1"), []byte("2")

// fixedLines is a header that does not allocate: x-v in two lines, x-w in one.
type fixedLines struct{}

func (fixedLines) Line(name string, from int) ([]byte, int, bool) {
	switch {
	case from == 0:
		return one, 1, true
	case from == 1 && name == "x-v":
		return two, 2, true
	}
	return nil, 0, false
}

// countedLines counts look-ups.
type countedLines struct{ n *int }

func (c countedLines) Line(string, int) ([]byte, int, bool) {
	*c.n++
	return nil, 0, false
}

// TestFindLooksOnlyAtRoutesOfThePath holds the cost against the number of
// routes without a clock: no other route's conditions are looked at.
func TestFindLooksOnlyAtRoutesOfThePath(t *testing.T) {
	withHeader := func(r Route[string]) Route[string] {
		r.Headers = []Value{{Name: "h", Kind: Present}}
		return r
	}
	var routes []Route[string]
	for i := range 10_000 {
		routes = append(routes, withHeader(exact(fmt.Sprintf("/e/%d", i))), withHeader(prefix(fmt.Sprintf("/p/%d", i))),
			withHeader(expression(fmt.Sprintf("/r/%05d/[0-9]+", i))))
	}
	m, _ := New([]Host[string]{{Routes: routes}})
	for path, want := range map[string]int{"/e/77": 1, "/p/77/x/y": 1, "/r/00077/1": 1, "/r/00077/x": 0, "/x": 0} {
		n := 0
		in := request{path: path}.input()
		in.Header = countedLines{&n}
		m.Find(in)
		if n != want {
			t.Errorf("%s: %d headers were looked up, want %d", path, n, want)
		}
	}
}

// TestExpressionsAtTheParsersLimit nests as deep as the parser allows, where the
// anchors are one level too many.
func TestExpressionsAtTheParsersLimit(t *testing.T) {
	refused := 0
	for depth := 990; depth < 1010; depth++ {
		expr := strings.Repeat("(", depth) + "/a" + strings.Repeat(")", depth)
		m, faults := New([]Host[string]{{Routes: []Route[string]{expression(expr)}}})
		refused += len(faults)
		if got := find(t, m, request{path: "/a"}); (got == "-") != (len(faults) == 1) {
			t.Errorf("depth %d: %d faults, found %q", depth, len(faults), got)
		}
	}
	if refused == 0 || refused == 20 {
		t.Errorf("%d of 20 depths were refused, so the limit is elsewhere", refused)
	}
}

// FuzzRegexPrefix holds the literal prefix of an expression against what the
// expression matches.
func FuzzRegexPrefix(f *testing.F) {
	for _, s := range [][2]string{
		{"/a.*", "/ab"}, {"^/a(b|c)+$", "/ab"}, {"(?i)/a", "/A"}, {"/(a+)b", "/aab"}, {"\\x{fffd}a", "\xffa"}, {"(/a)?b", "b"}, {"/a{0,2}b", "/b"},
	} {
		f.Add(s[0], []byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, expr string, text []byte) {
		r, err := make(regexes).parse(expr)
		if err != nil {
			return
		}
		if got, want := r.match(text), whole(expr, string(text)); got != want {
			t.Errorf("%q matches %q: %v, want %v", expr, text, got, want)
		}
		if r.match(text) && !strings.HasPrefix(string(text), r.prefix) {
			t.Errorf("%q matches %q, which does not begin with its prefix %q", expr, text, r.prefix)
		}
	})
}
