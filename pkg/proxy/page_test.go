package proxy_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func errorPage(endpoints bool, body string, statuses ...ir.StatusRange) *ir.ErrorPage {
	return &ir.ErrorPage{Statuses: statuses, Endpoints: endpoints, ContentType: "text/html", Body: ir.Text(body)}
}

var serverErrors = ir.StatusRange{From: 500, To: 599}

func TestErrorPagesReplaceAnswers(t *testing.T) {
	const notFound = "HTTP/1.1 404 Not Found\r\n" + date + "X-Secret: 1\r\nAllow: GET\r\nContent-Length: 4\r\n\r\nnope"
	page := errorPage(true, "<p>{status} {status_text} {path}", serverErrors, ir.StatusRange{From: 404, To: 404})
	own := errorPage(false, "<p>own", serverErrors, ir.StatusRange{From: 400, To: 499})
	for name, tt := range map[string]struct {
		filters, backend []ir.Filter
		// reply is the endpoint's; without it there is no endpoint.
		reply string
		// want begins the answer, and body ends it.
		want, body string
		reason     any
	}{
		"an answer of ours":                           {[]ir.Filter{page}, nil, "", "HTTP/1.1 503 ", "\r\n\r\n<p>503 Service Unavailable /&lt;a", "no_endpoint"},
		"an endpoint's answer":                        {[]ir.Filter{page}, nil, notFound, "HTTP/1.1 404 Not Found\r\nAllow: GET\r\nContent-Type: text/html\r\n", "\r\n\r\n<p>404 Not Found /&lt;a", "error_page"},
		"no answer of an endpoint that was not asked": {[]ir.Filter{own}, nil, notFound, "HTTP/1.1 404 Not Found\r\n" + date + "X-Secret: 1\r\n", "\r\n\r\nnope", nil},
		"no other status":                             {[]ir.Filter{page}, nil, strings.Replace(notFound, "404", "403", 1), "HTTP/1.1 403 ", "nope", nil},
		"by the first of two":                         {[]ir.Filter{own, page}, nil, "", "HTTP/1.1 503 ", "\r\n\r\n<p>own", "no_endpoint"},
		"by that of the backend first":                {[]ir.Filter{page}, []ir.Filter{errorPage(true, "<p>backend", serverErrors)}, "", "HTTP/1.1 503 ", "\r\n\r\n<p>backend", "no_endpoint"},
		"what a filter says without a body":           {[]ir.Filter{&ir.Fault{AbortStatus: 500, AbortPercent: 100}, page}, nil, "", "HTTP/1.1 500 ", "\r\n\r\n<p>500 Internal Server Error /&lt;a", "fault_injected"},
		"not what somebody wrote":                     {[]ir.Filter{&ir.DirectResponse{Status: 500, ContentType: "text/plain", Body: "mine"}, page}, nil, "", "HTTP/1.1 500 ", "\r\n\r\nmine", "direct_response"},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, func(r *ir.Route) {
				r.Filters = tt.filters
				r.Action.(*ir.Forward).Backends[0].Filters = tt.backend
			})
			if tt.reply != "" {
				k.SetEndpoints(k.Repeats(nil, tt.reply))
			}
			answer := k.Send("GET /%3Ca HTTP/1.1\r\nHost: h\r\n\r\n")
			answer = strings.ReplaceAll(answer, "/%3Ca", "/&lt;a")
			if !strings.HasPrefix(answer, tt.want) || !strings.HasSuffix(answer, tt.body) {
				t.Errorf("got %q", answer)
			}
			if line := k.Log(1)[0]; line["reason"] != tt.reason {
				t.Errorf("logged %v", line)
			}
		})
	}
}

// pageKit starts a proxy whose route asks the upstream "pages" for its error pages.
func pageKit(t *testing.T, reply string, ownStatus bool) (*proxytest.Kit, chan string) {
	t.Helper()
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "pages", Endpoints: "pages", MaxIdlePerEndpoint: 1})
	r.Filters = []ir.Filter{&ir.ErrorPage{
		Statuses: []ir.StatusRange{{From: 400, To: 599}}, Endpoints: true, Upstream: "pages", OwnStatus: ownStatus,
		Header: []ir.HeaderField{{Name: "X-Namespace", Value: "ns"}},
	}}
	r.MaxBodyBytes = 10
	c.Certificates = []ir.Certificate{certificate(t, "ns/one", "h")}
	c.Listeners[1].TLS.Default = "ns/one"
	k.Serve(c)
	heads := make(chan string, 1)
	if reply != "" {
		pages := k.Repeats(heads, reply)
		k.Registry.SetEndpoints(ir.EndpointSet{Key: "pages", Endpoints: []ir.Endpoint{{Address: pages.Address}}})
	}
	return k, heads
}

func TestAnErrorPageComesFromABackend(t *testing.T) {
	const reply = "HTTP/1.1 200 OK\r\n" + date + "Content-Type: text/html\r\nContent-Length: 7\r\n\r\n<p>page"
	const fail = "HTTP/1.1 502 Bad Gateway\r\n" + date + "Retry-After: 5\r\nContent-Length: 4\r\n\r\nnope"
	for name, tt := range map[string]struct {
		request, reply string
		own            bool
		code           string
		want, body     string
	}{
		"for an endpoint's answer":       {"GET /a?b=c HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\nIf-None-Match: x\r\nAccept: text/html\r\n\r\n", reply, false, "502", "HTTP/1.1 502 Bad Gateway\r\n", "<p>page"},
		"with the status of the backend": {"GET /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n", reply, true, "502", "HTTP/1.1 200 OK\r\n", "<p>page"},
		"for a body that is too large":   {"POST /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\nContent-Length: 11\r\n\r\n12345678901", reply, false, "413", "HTTP/1.1 413 ", "<p>page"},
		"for HEAD":                       {"HEAD /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n", strings.TrimSuffix(reply, "<p>page"), false, "502", "HTTP/1.1 502 Bad Gateway\r\n", "\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			k, heads := pageKit(t, tt.reply, tt.own)
			app := fail
			if strings.HasPrefix(tt.request, "HEAD") {
				app = strings.TrimSuffix(fail, "nope")
			}
			k.SetEndpoints(k.Repeats(nil, app))
			answer := k.Send(tt.request)
			if !strings.HasPrefix(answer, tt.want) || !strings.HasSuffix(answer, tt.body) || strings.Contains(answer, "nope") {
				t.Errorf("got %q", answer)
			}
			if tt.code == "502" && !strings.Contains(answer, "Retry-After: 5\r\n") {
				t.Errorf("the advice is gone: %q", answer)
			}
			head := <-heads
			method, _, _ := strings.Cut(tt.request, " ")
			if method == "POST" {
				method = "GET"
			}
			for _, want := range []string{
				method + " / HTTP/1.1\r\nHost: h\r\n", "X-Code: " + tt.code + "\r\n", "X-Format: text/html\r\n", "X-Original-URI: /a?b=c\r\n",
				"X-Namespace: ns\r\n", "X-Request-Id: ", "X-Forwarded-Host: h\r\n",
			} {
				if !strings.Contains(head, want) {
					t.Errorf("%q is missing in %q", want, head)
				}
			}
			for _, not := range []string{"Range:", "If-None-Match", "Content-Length"} {
				if strings.Contains(head, not) {
					t.Errorf("%q is in %q", not, head)
				}
			}
		})
	}
}

// TestAPageThatCannotBeHadIsSluicesOwn has a backend of pages that is gone, fails or has nothing to say.
func TestAPageThatCannotBeHadIsSluicesOwn(t *testing.T) {
	for name, reply := range map[string]string{
		"none":                 "",
		"no answer":            "nonsense\r\n\r\n",
		"an answer of nothing": "HTTP/1.1 204 No Content\r\n" + date + "\r\n",
		"one that has a fault": "HTTP/1.1 503 Service Unavailable\r\n" + date + "Content-Length: 2\r\n\r\nno",
	} {
		t.Run(name, func(t *testing.T) {
			k, heads := pageKit(t, reply, false)
			go func() {
				for range heads { // Nobody looks at them.
				}
			}()
			answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			want := "503 Service Unavailable\n"
			if strings.HasSuffix(reply, "no") {
				want = "no" // What a backend of pages says is the page.
			}
			if !strings.HasPrefix(answer, "HTTP/1.1 503 ") || !strings.HasSuffix(answer, "\r\n\r\n"+want) {
				t.Errorf("got %q", answer)
			}
			if line := k.Log(1)[0]; line["reason"] != "no_endpoint" || line["status"] != 503.0 {
				t.Errorf("logged %v", line)
			}
			close(heads)
		})
	}
}

// TestAPageOverHTTP2 asks for one over HTTP/2, while the body of the request still comes.
func TestAPageOverHTTP2(t *testing.T) {
	k, heads := pageKit(t, "HTTP/1.1 200 OK\r\n"+date+"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n<p>page\r\n0\r\n\r\n", false)
	k.SetEndpoints(k.Repeats(nil, "HTTP/1.1 500 Internal Server Error\r\n"+date+"Content-Length: 4\r\n\r\nnope"))
	body, feed := io.Pipe()
	defer feed.Close()
	req, err := http.NewRequest(http.MethodPut, "https://h/", body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http2Client(t, k).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "<p>page" || resp.StatusCode != 500 {
		t.Errorf("got %d %q, %v", resp.StatusCode, got, err)
	}
	<-heads
}

func TestTheHostIsThatOfTheBackendOrTheClient(t *testing.T) {
	heads := make(chan string, 1)
	k := start(t, proxytest.Options{}, func(r *ir.Route) {
		r.Filters = []ir.Filter{&ir.RewriteURL{Host: "route.example"}}
		r.Action.(*ir.Forward).Backends[0].Filters = []ir.Filter{&ir.RewriteURL{Host: "backend.example"}, &ir.RewriteURL{ClientHost: true}}
	})
	k.SetEndpoints(k.Repeats(heads, okResponse))
	k.Send("GET / HTTP/1.1\r\nHost: Client.example:8080\r\n\r\n")
	if head := <-heads; !strings.Contains(head, "\r\nHost: Client.example:8080\r\n") {
		t.Errorf("the endpoint got %q", head)
	}
}

func TestADirectResponseIsATemplate(t *testing.T) {
	k := start(t, proxytest.Options{}, func(r *ir.Route) {
		r.Filters = []ir.Filter{&ir.DirectResponse{Status: 403, ContentType: "application/json", Body: `{{"host":"{host}","query":"{query}","status":{status}}`}}
	})
	answer := k.Send("GET /?a='\"b HTTP/1.1\r\nHost: h\r\n\r\n")
	if !strings.HasSuffix(answer, `{"host":"h","query":"a=\u0027\"b","status":403}`) && !strings.HasPrefix(answer, "HTTP/1.1 400") {
		t.Errorf("got %q", answer)
	}
	answer = k.Send("GET /?a='b HTTP/1.1\r\nHost: h\r\n\r\n")
	if !strings.HasSuffix(answer, `{"host":"h","query":"a=\u0027b","status":403}`) {
		t.Errorf("got %q", answer)
	}
}

// TestASessionKeepsTheFiltersOfItsBackend asks twice, the second time as a part of the session.
func TestASessionKeepsTheFiltersOfItsBackend(t *testing.T) {
	heads := make(chan string, 1)
	k := start(t, proxytest.Options{}, func(r *ir.Route) {
		f := r.Action.(*ir.Forward)
		f.Sticky = ir.Sticky{Source: ir.StickyHeader, Name: "X-Session"}
		f.Backends[0].Filters = []ir.Filter{setRequest("X-Backend", "1")}
	})
	k.SetEndpoints(k.Repeats(heads, okResponse))
	session := ""
	for range 2 {
		answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n" + session + "\r\n")
		if head := <-heads; !strings.Contains(head, "X-Backend: 1\r\n") {
			t.Errorf("the endpoint got %q", head)
		}
		if session == "" {
			_, rest, _ := strings.Cut(answer, "X-Session: ")
			token, _, found := strings.Cut(rest, "\r\n")
			if !found {
				t.Fatalf("there is no session in %q", answer)
			}
			session = "X-Session: " + token + "\r\n"
		}
	}
}
