package extauth

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// server answers questions.
type server struct {
	status int
	fields []string
	body   string
	fails  bool
	calls  []string
}

func (s *server) Call(c *filter.Call) error {
	r := &c.Request
	text := string(r.Method) + " " + string(r.Authority) + " " + string(r.Path)
	if r.HasQuery {
		text += "?" + string(r.Query)
	}
	for _, f := range r.Header.Fields() {
		text += "\n" + string(f.Name) + ": " + string(f.Value)
	}
	s.calls = append(s.calls, text+"\n"+string(c.Body))
	if s.fails {
		return errors.New("nobody is there")
	}
	c.Response.Status = s.status
	for _, line := range s.fields {
		name, value, _ := strings.Cut(line, ": ")
		c.Response.Header.Add(name, []byte(value))
	}
	c.Reply = []byte(s.body)
	return nil
}

func spec() *ir.ExternalAuth {
	return &ir.ExternalAuth{
		Upstream: "auth", Timeout: time.Second, FailStatus: 503, Method: "GET", Path: "/check?u={uri.escaped}",
		Headers: []string{"authorization", "cookie"}, Set: []ir.HeaderField{{Name: "X-Method", Value: "{method}"}},
		ToEndpoint: []string{"x-user"}, ToClient: []string{"set-cookie"}, Principal: "x-user",
	}
}

func newFilter(t testing.TB, s *ir.ExternalAuth, to filter.Caller) *Filter {
	t.Helper()
	f, err := New(s, new(Registry))
	if err != nil {
		t.Fatal(err)
	}
	f.Use(to)
	t.Cleanup(f.Release)
	return f
}

func ask(fields ...string) *filter.Exchange {
	x := &filter.Exchange{
		Request: &wire.Request{Method: []byte("POST"), Authority: []byte("Shop.example:8080"), Path: []byte("/rewritten"), Query: []byte("a=b&c=d"), HasQuery: true},
		Host:    []byte("shop.example"), Authority: []byte("Shop.example:8080"), Path: []byte("/cart"), Client: netip.MustParseAddrPort("192.0.2.7:1234"), RequestID: []byte("id1"),
		Body: func(limit int) ([]byte, error) {
			if limit < 5 {
				return nil, filter.ErrBodyTooLong
			}
			return []byte("hello"), nil
		},
	}
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		x.Request.Header.Add(name, []byte(value))
	}
	return x
}

func TestTheQuestion(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(s *ir.ExternalAuth)
		want   string
	}{
		"as described": {nil, "GET Shop.example:8080 /check?u=%2Fcart%3Fa%3Db%26c%3Dd\nAuthorization: a\nCookie: b=1\nX-Method: POST\n"},
		"all fields but some": {func(s *ir.ExternalAuth) { s.Headers, s.AllHeaders = nil, true },
			"GET Shop.example:8080 /check?u=%2Fcart%3Fa%3Db%26c%3Dd\nAuthorization: a\nCookie: b=1\nX-User: root\nX-Method: POST\n"},
		"the same request": {func(s *ir.ExternalAuth) { s.Method, s.Path, s.Set = "", "/prefix{uri}", nil },
			"POST Shop.example:8080 /prefix/cart?a=b&c=d\nAuthorization: a\nCookie: b=1\n"},
		"a host": {func(s *ir.ExternalAuth) { s.Host, s.Path = "auth.example", "/" }, "GET auth.example /\nAuthorization: a\nCookie: b=1\nX-Method: POST\n"},
		"a body": {func(s *ir.ExternalAuth) { s.Path, s.MaxBody = "/", 5 }, "GET Shop.example:8080 /\nAuthorization: a\nCookie: b=1\nX-Method: POST\nhello"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec()
			if tt.change != nil {
				tt.change(s)
			}
			to := &server{status: 200}
			f := newFilter(t, s, to)
			if a := f.OnRequestHead(ask("Authorization: a", "Cookie: b=1", "X-User: root", "Accept-Encoding: gzip", "If-None-Match: x", "Connection: x")); a != nil {
				t.Fatalf("got %+v", a)
			}
			if len(to.calls) != 1 || to.calls[0] != tt.want {
				t.Errorf("it asked %q, want %q", to.calls, tt.want)
			}
		})
	}
}

func TestTheAnswer(t *testing.T) {
	header := func(a *filter.Answer) string {
		var lines []string
		for _, f := range a.Header {
			lines = append(lines, f.Name+": "+f.Value)
		}
		return strings.Join(lines, "\n")
	}
	for name, tt := range map[string]struct {
		server server
		change func(s *ir.ExternalAuth)
		// status is 0 for a yes.
		status       int
		reason       string
		header, body string
	}{
		"200":                          {server: server{status: 200}},
		"204":                          {server: server{status: 204}},
		"only 200 will do":             {server: server{status: 204}, change: func(s *ir.ExternalAuth) { s.OnlyOK = true }, status: 403, reason: "auth_refused"},
		"a no":                         {server: server{status: 403, body: "no", fields: []string{"Content-Type: text/html", "X-Why: a", "Date: x", "Content-Length: 2"}}, status: 403, reason: "auth_refused", header: "Content-Type: text/html\nX-Why: a", body: "no"},
		"a redirect":                   {server: server{status: 302, fields: []string{"Location: /in", "Set-Cookie: c=1", "Set-Cookie: d=2"}}, status: 302, reason: "auth_refused", header: "Location: /in\nSet-Cookie: c=1\nSet-Cookie: d=2"},
		"404":                          {server: server{status: 404}, status: 404, reason: "auth_refused"},
		"500":                          {server: server{status: 500}, status: 503, reason: "auth_unavailable"},
		"nobody":                       {server: server{fails: true}, status: 503, reason: "auth_unavailable"},
		"500, open":                    {server: server{status: 500}, change: func(s *ir.ExternalAuth) { s.FailOpen = true }},
		"nobody, open":                 {server: server{fails: true}, change: func(s *ir.ExternalAuth) { s.FailOpen = true }},
		"a no, open":                   {server: server{status: 401}, change: func(s *ir.ExternalAuth) { s.FailOpen = true }, status: 401, reason: "auth_refused"},
		"401 with a place to sign in":  {server: server{status: 401, fields: []string{"Set-Cookie: c=1", "WWW-Authenticate: x"}}, change: func(s *ir.ExternalAuth) { s.SignIn = "https://in/?rd={scheme}://{authority}{uri.escaped}" }, status: 302, reason: "auth_sign_in", header: "Location: https://in/?rd=http://Shop.example:8080%2Fcart%3Fa%3Db%26c%3Dd\nSet-Cookie: c=1"},
		"403 with a place to sign in":  {server: server{status: 403}, change: func(s *ir.ExternalAuth) { s.SignIn = "https://in/" }, status: 403, reason: "auth_refused"},
		"plain 401":                    {server: server{status: 401, body: "b", fields: []string{"WWW-Authenticate: x", "X-Why: a"}}, change: plain, status: 401, reason: "auth_refused", header: "WWW-Authenticate: x"},
		"plain 403":                    {server: server{status: 403, body: "b", fields: []string{"X-Why: a"}}, change: plain, status: 403, reason: "auth_refused"},
		"plain, and none of the two":   {server: server{status: 302, fields: []string{"Location: /"}}, change: plain, status: 503, reason: "auth_unavailable"},
		"a body that is too long":      {server: server{status: 200}, change: func(s *ir.ExternalAuth) { s.MaxBody = 4 }, status: 413, reason: "auth_body_too_large"},
		"gRPC of somebody who has not": {server: server{status: 200}, change: func(s *ir.ExternalAuth) { s.Protocol = ir.AuthGRPC }, status: 503, reason: "auth_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec()
			if tt.change != nil {
				tt.change(s)
			}
			f := newFilter(t, s, &tt.server)
			x := ask("x_user: root", "X-User: root")
			a := f.OnRequestHead(x)
			if tt.status == 0 {
				if a != nil || x.Request.Header.Len() != 0 {
					t.Errorf("got %+v, and the endpoint gets %d fields of the client", a, x.Request.Header.Len())
				}
				return
			}
			if a == nil || a.Status != tt.status || a.Reason != tt.reason || header(a) != tt.header || string(a.Body) != tt.body {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func plain(s *ir.ExternalAuth) { s.Plain = true }

func TestWhatAYesSays(t *testing.T) {
	s := spec()
	to := &server{status: 200, fields: []string{"X-User: alice", "X-Other: 1", "Set-Cookie: a=1", "Host: evil", "Content-Length: 0"}}
	f := newFilter(t, s, to)
	x := ask("X-User: root", "X-Other: mine")
	if a := f.OnRequestHead(x); a != nil {
		t.Fatalf("got %+v", a)
	}
	h := &x.Request.Header
	if string(h.Get("X-User")) != "alice" || string(h.Get("X-Other")) != "mine" || h.Len() != 2 || string(x.Principal) != "alice" {
		t.Errorf("the endpoint gets %q and %q, it is %q", h.Get("X-User"), h.Get("X-Other"), x.Principal)
	}
	if len(x.Later) != 1 || x.Later[0] != (filter.LaterField{Name: "Set-Cookie", Value: "a=1", IfSound: true}) {
		t.Errorf("the client gets %+v", x.Later)
	}
	s.ToEndpoint, s.AllToEndpoint = nil, true
	x = ask("X-Other: mine")
	if a := newFilter(t, s, to).OnRequestHead(x); a != nil {
		t.Fatalf("got %+v", a)
	}
	h = &x.Request.Header
	if string(h.Get("X-User")) != "alice" || string(h.Get("X-Other")) != "1" || h.Len() != 2 {
		t.Errorf("with all, the endpoint gets %d fields", h.Len())
	}
}

func TestAnswersAreRemembered(t *testing.T) {
	s := spec()
	s.Key, s.CacheKey = "k", "{header.Cookie}"
	s.Cache = []ir.AuthCache{{Status: 200, For: time.Minute}, {Status: 401, For: time.Second}}
	registry := new(Registry)
	to := &server{status: 200, fields: []string{"X-User: alice"}}
	f, err := New(s, registry)
	if err != nil {
		t.Fatal(err)
	}
	f.Use(to)
	clock := time.Unix(1e9, 0)
	now := func() time.Time { return clock }
	f.now = now
	asked := func(f *Filter, want int, fields ...string) *filter.Answer {
		t.Helper()
		x := ask(fields...)
		a := f.OnRequestHead(x)
		if a == nil && string(x.Request.Header.Get("X-User")) != "alice" {
			t.Error("the endpoint does not get the user")
		}
		if len(to.calls) != want {
			t.Errorf("it was asked %d times, want %d", len(to.calls), want)
		}
		return a
	}
	asked(f, 1, "Cookie: 1")
	asked(f, 1, "Cookie: 1")
	asked(f, 2, "Cookie: 2")
	// Another filter of the key, as of the next table, remembers as well.
	next, err := New(s, registry)
	if err != nil {
		t.Fatal(err)
	}
	next.Use(to)
	next.now = now
	f.Release()
	asked(next, 2, "Cookie: 1")
	clock = clock.Add(time.Minute)
	to.status = 401
	if a := asked(next, 3, "Cookie: 1"); a == nil {
		t.Error("a yes lasts longer than it may")
	}
	if a := asked(next, 3, "Cookie: 1"); a == nil {
		t.Error("a no is forgotten")
	}
	to.status = 403
	clock = clock.Add(time.Second)
	asked(next, 4, "Cookie: 1")
	asked(next, 5, "Cookie: 1") // 403 is not remembered.
	next.Release()
	if registry.shared.Len() != 0 {
		t.Error("the registry remembers for nobody")
	}
	a, _, err := registry.acquire("x")
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxAnswers + 10 {
		a.put(strings.Repeat("k", i%100)+time.Duration(i).String(), &verdict{}, clock)
	}
	if len(a.byKey) != maxAnswers {
		t.Errorf("%d answers are remembered", len(a.byKey))
	}
	a.put("big", &verdict{body: make([]byte, maxRememberedBody+1)}, clock.Add(time.Hour))
	if a.get("big", clock) != nil {
		t.Error("a long answer is remembered")
	}
}
