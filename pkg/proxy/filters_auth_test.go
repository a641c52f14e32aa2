package proxy_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/filter/basicauth"
	"github.com/sluice-dev/sluice/pkg/filter/build"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestThePrincipalIsKnown looks for who asks in the log and in what the endpoint gets.
func TestThePrincipalIsKnown(t *testing.T) {
	heads := make(chan string, 1)
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	r.Filters = []ir.Filter{&ir.BearerAuth{Realm: "r", Tokens: []ir.BearerToken{{Name: "ci", Token: ir.Secret("t0")}}}}
	// Filters of the backend know it, too.
	r.Action.(*ir.Forward).Backends[0].Filters = []ir.Filter{setRequest("X-User", "{principal}")}
	k.Serve(c)
	k.SetEndpoints(k.Repeats(heads, okResponse))
	k.Send("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t0\r\nX-User: root\r\n\r\n")
	if head := <-heads; strings.Count(head, "X-User: ") != 1 || !strings.Contains(head, "X-User: ci\r\n") || strings.Contains(head, "t0") {
		t.Errorf("the endpoint got %q", head)
	}
	if who := k.Log(1)[0]["principal"]; who != "ci" {
		t.Errorf("logged %v", who)
	}
	if answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t1\r\n\r\n"); !strings.Contains(answer, "401 Unauthorized") {
		t.Errorf("got %q", answer)
	}
	if entry := k.Log(2)[1]; entry["principal"] != nil || entry["reason"] != "token_unknown" {
		t.Errorf("logged %v", entry)
	}
}

// reader is a filter that reads the request's body, and leaves fields for the response.
type reader struct{ limit int }

func (f reader) OnRequestHead(x *filter.Exchange) *filter.Answer {
	body, err := x.Body(f.limit)
	if errors.Is(err, filter.ErrBodyTooLong) {
		return &filter.Answer{Status: 413, Reason: "too_long"}
	}
	if err != nil {
		return &filter.Answer{Status: 400, Reason: "unreadable"}
	}
	x.Later = append(x.Later, filter.LaterField{Name: "X-Read", Value: strconv.Itoa(len(body))}, filter.LaterField{Name: "X-Sound", Value: "1", IfSound: true})
	return nil
}

// TestAFilterReadsTheBody makes sure that the endpoint gets what a filter has read.
func TestAFilterReadsTheBody(t *testing.T) {
	long := strings.Repeat("0123456789", 3000)
	head := func(fields string) string {
		return "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields + "\r\n"
	}
	for name, tt := range map[string]struct {
		request, body string
		response      string
		want          []string
	}{
		"none":           {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "", okResponse, []string{"200 OK", "X-Read: 0\r\n", "X-Sound: 1\r\n"}},
		"a short one":    {head("Content-Length: 5\r\n") + "hello", "hello", okResponse, []string{"200 OK", "X-Read: 5\r\n"}},
		"in chunks":      {head("Transfer-Encoding: chunked\r\n") + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", okResponse, []string{"200 OK", "X-Read: 5\r\n"}},
		"a long one":     {head("Content-Length: 30000\r\n") + long, long, okResponse, []string{"200 OK", "X-Read: 30000\r\n"}},
		"asked for":      {head("Content-Length: 5\r\nExpect: 100-continue\r\n") + "hello", "hello", okResponse, []string{"100 Continue", "200 OK"}},
		"too long":       {head("Content-Length: 40001\r\n") + long, "", "", []string{"413 ", "Connection: close"}},
		"grows too long": {head("Transfer-Encoding: chunked\r\n") + "7530\r\n" + long + "\r\n7530\r\n" + long + "\r\n0\r\n\r\n", "", "", []string{"413 "}},
		"breaks off":     {head("Transfer-Encoding: chunked\r\n") + "5\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "", "", []string{"400 "}},
		"with an error":  {head("Content-Length: 5\r\n") + "hello", "hello", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", []string{"500 ", "X-Read: 5\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			k := proxytest.Start(t, proxytest.Options{Filters: func(ir.Filter) (any, error) { return reader{40000}, nil }})
			c, r := proxytest.Config()
			r.Filters = []ir.Filter{&ir.Drop{}}
			k.Serve(c)
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				body := make([]byte, len(tt.body))
				if _, err := io.ReadFull(r, body); err != nil {
					t.Errorf("the endpoint's body breaks off: %v", err)
				}
				if tt.body != "" && !strings.Contains(head, "Content-Length: "+strconv.Itoa(len(tt.body))) {
					t.Errorf("the endpoint got %q", head)
				}
				got <- string(body)
				_, _ = io.WriteString(nc, tt.response)
			}))
			answer := k.Send(tt.request)
			for _, want := range tt.want {
				if !strings.Contains(answer, want) {
					t.Errorf("no %q in %q", want, answer)
				}
			}
			if strings.Contains(answer, "500 ") && strings.Contains(answer, "X-Sound") {
				t.Errorf("an error has a field for what is sound: %q", answer)
			}
			if tt.response == "" {
				return
			}
			if body := <-got; body != tt.body {
				t.Errorf("the endpoint got %d bytes", len(body))
			}
		})
	}
}

// TestAFilterReadsNoMoreThanAnotherAllows has a body of unknown length, and a bound of the route, of a filter, or of both.
func TestAFilterReadsNoMoreThanAnotherAllows(t *testing.T) {
	request := "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + strings.Repeat("x", 1000) + "\r\n0\r\n\r\n"
	for name, tt := range map[string]struct {
		route, filter int64
		want          string
	}{
		"none":                     {0, 0, "200 "},
		"both allow it":            {1000, 1000, "200 "},
		"the route forbids it":     {999, 2000, "413 "},
		"the filter forbids it":    {2000, 999, "413 "},
		"the filter alone forbids": {0, 999, "413 "},
	} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{Filters: func(f ir.Filter) (any, error) {
				if _, reads := f.(*ir.Drop); reads {
					return reader{40000}, nil
				}
				return build.Deps{}.Build(f)
			}})
			c, r := proxytest.Config()
			r.MaxBodyBytes = tt.route
			if tt.filter > 0 {
				r.Filters = append(r.Filters, &ir.BodySize{MaxBytes: tt.filter})
			}
			r.Filters = append(r.Filters, &ir.Drop{})
			k.Serve(c)
			e := k.Endpoint(echo)
			k.SetEndpoints(e)
			if answer := k.Send(request); !strings.Contains(answer, tt.want) {
				t.Errorf("got %q", answer)
			}
			if refused := tt.want != "200 "; refused != (e.Accepted() == 0) {
				t.Errorf("the endpoint got %d connections", e.Accepted())
			}
		})
	}
}

// TestABackendsBoundCountsForABodyThatWasReadBefore has bodies of unknown length read before the backend is known.
func TestABackendsBoundCountsForABodyThatWasReadBefore(t *testing.T) {
	for name, buffered := range map[string]bool{"by a filter": false, "as the route says": true} {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{Filters: func(f ir.Filter) (any, error) {
				if _, reads := f.(*ir.Drop); reads {
					return reader{40000}, nil
				}
				return build.Deps{}.Build(f)
			}})
			c, r := proxytest.Config()
			r.BufferRequest = buffered
			if !buffered {
				r.Filters = []ir.Filter{&ir.Drop{}}
			}
			r.Action.(*ir.Forward).Backends[0].Filters = []ir.Filter{&ir.BodySize{MaxBytes: 10}}
			k.Serve(c)
			e := k.Endpoint(echo)
			k.SetEndpoints(e)
			// Trailers keep the length from being known.
			answer := k.Send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\nX-Sum: 1\r\n\r\n")
			if !strings.Contains(answer, "413 ") || e.Accepted() != 0 {
				t.Errorf("got %q after %d connections", answer, e.Accepted())
			}
			answer = k.Send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")
			if !strings.Contains(answer, "200 ") {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// TestAChangedSecretLetsNoOldPasswordPass swaps tables: what was right before is known still, unless the
// users have changed.
func TestAChangedSecretLetsNoOldPasswordPass(t *testing.T) {
	passwords := new(basicauth.Registry)
	k := proxytest.Start(t, proxytest.Options{Filters: build.Deps{Passwords: passwords}.Build})
	serve := func(users string) {
		c, r := proxytest.Config()
		r.Filters = []ir.Filter{&ir.BasicAuth{Users: ir.Secret(users), Realm: "r"}}
		k.Serve(c)
	}
	hash := func(password string) string {
		sum := sha1.Sum([]byte(password))
		return "ann:{SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\n"
	}
	says := func(password string) string {
		answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ann:"+password)) + "\r\n\r\n")
		return answer[len("HTTP/1.1 "):][:3]
	}
	serve(hash("old"))
	k.SetEndpoints(k.Repeats(nil, okResponse))
	for _, step := range []struct{ users, password, status string }{
		{hash("old"), "old", "200"},
		{hash("old"), "old", "200"}, // From memory.
		{hash("new"), "old", "401"},
		{hash("new"), "new", "200"},
		{hash("new") + "# a remark\n", "new", "200"},
		{hash("other"), "new", "401"},
		{hash("old"), "new", "401"},
	} {
		serve(step.users)
		if got := says(step.password); got != step.status {
			t.Errorf("%q of %q: got %s", step.password, step.users, got)
		}
	}
}
