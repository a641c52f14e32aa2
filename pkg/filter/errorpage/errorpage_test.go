package errorpage

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

var errors4and5 = []ir.StatusRange{{From: 404, To: 404}, {From: 500, To: 599}}

func TestWhichAnswersAreReplaced(t *testing.T) {
	for name, tt := range map[string]struct {
		endpoints bool
		status    int
		own, want bool
	}{
		"one of ours":                         {false, 503, true, true},
		"one of ours by its status":           {false, 404, true, true},
		"the last of a range":                 {false, 599, true, true},
		"one of ours with another status":     {false, 403, true, false},
		"just below a range":                  {false, 499, true, false},
		"an endpoint's where none was asked":  {false, 503, false, false},
		"an endpoint's":                       {true, 503, false, true},
		"an endpoint's with another status":   {true, 429, false, false},
		"a success of an endpoint":            {true, 200, false, false},
		"what has not changed":                {true, 304, false, false},
		"an informational answer":             {true, 103, false, false},
		"one of ours where both are replaced": {true, 500, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(&ir.ErrorPage{Statuses: errors4and5, Endpoints: tt.endpoints, ContentType: "text/html", Body: "x"})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Replaces(tt.status, tt.own); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// asked is an exchange whose answer is replaced.
func asked() *filter.Exchange {
	x := &filter.Exchange{
		Request: &wire.Request{Method: []byte("POST"), Authority: []byte("h:8080"), Path: []byte("/rewritten"), Length: 5}, Status: 502,
		Host: []byte("h"), Path: []byte("/<a>"), Original: []byte("/%3Ca%3E?b=c"), Client: netip.MustParseAddrPort("192.0.2.1:5"), RequestID: []byte("r1"),
	}
	for _, f := range []struct{ name, value string }{
		{"Accept", "text/html"}, {"Range", "bytes=0-1"}, {"If-None-Match", `"a"`}, {"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"},
		{"X-Code", "200"}, {"X-Namespace", "forged"}, {"X-User", "ann"},
	} {
		x.Request.Header.Add(f.name, []byte(f.value))
	}
	return x
}

func TestAPageIsFilledInByItsType(t *testing.T) {
	for name, tt := range map[string]struct{ contentType, body, want string }{
		"HTML":              {"text/html; charset=utf-8", "<p>{status} {status_text}: {path} {client_ip} {request_id}", "<p>502 Bad Gateway: /&lt;a&gt; 192.0.2.1 r1"},
		"JSON":              {"application/json", `{{"path":"{path}"}`, `{"path":"/\u003ca\u003e"}`},
		"text":              {"text/plain", "{status} {path}", "502 /<a>"},
		"without variables": {"text/html", "<p>sorry", "<p>sorry"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(&ir.ErrorPage{Statuses: errors4and5, ContentType: tt.contentType, Body: ir.Text(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			contentType, body := p.Content(asked())
			if contentType != tt.contentType || string(body) != tt.want || p.Asks() || p.OwnStatus() {
				t.Errorf("got %q of the type %q", body, contentType)
			}
		})
	}
}

// TestTheQuestionForAPage looks at what the back end of pages gets: nothing of the request's conditions and content.
func TestTheQuestionForAPage(t *testing.T) {
	p, err := New(&ir.ErrorPage{Statuses: errors4and5, Upstream: "pages", OwnStatus: true, Header: []ir.HeaderField{{Name: "X-Namespace", Value: "ns/{host}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Asks() || !p.OwnStatus() {
		t.Error("the page is not asked for, or not with its own status")
	}
	question := wire.Request{Method: []byte("HEAD")}
	x := asked()
	p.Ask(x, &question)
	if string(question.Method) != "HEAD" || string(question.Path) != "/" || string(question.Authority) != "h:8080" || question.Length != 0 || question.HasQuery {
		t.Errorf("got %s %s%s of %d bytes", question.Method, question.Authority, question.Path, question.Length)
	}
	var lines []string
	for _, f := range question.Header.Fields() {
		lines = append(lines, string(f.Name)+": "+string(f.Value))
	}
	const want = "Accept: text/html|X-Code: 502|X-Namespace: ns/h|X-User: ann|X-Format: text/html|X-Original-URI: /%3Ca%3E?b=c"
	if got := strings.Join(lines, "|"); !sameLines(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if string(x.Request.Header.Get("Range")) == "" || string(x.Request.Header.Get("X-Code")) != "200" {
		t.Error("the client's own request has changed")
	}
}

// sameLines compares lists whatever their order.
func sameLines(a, b string) bool {
	count := make(map[string]int)
	for _, line := range strings.Split(a, "|") {
		count[line]++
	}
	for _, line := range strings.Split(b, "|") {
		count[line]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestPagesThatCannotBeSentAreRefused(t *testing.T) {
	for name, spec := range map[string]*ir.ErrorPage{
		"for no status":               {ContentType: "text/html", Body: "x"},
		"of nothing":                  {Statuses: errors4and5},
		"without a type":              {Statuses: errors4and5, Body: "x"},
		"with a type of two lines":    {Statuses: errors4and5, Body: "x", ContentType: "text/html\r\nX: y"},
		"with an unknown variable":    {Statuses: errors4and5, Body: "{nothing}", ContentType: "text/html"},
		"with a field of two words":   {Statuses: errors4and5, Upstream: "u", Header: []ir.HeaderField{{Name: "a b", Value: "x"}}},
		"with a managed field":        {Statuses: errors4and5, Upstream: "u", Header: []ir.HeaderField{{Name: "Connection", Value: "x"}}},
		"with a field of no variable": {Statuses: errors4and5, Upstream: "u", Header: []ir.HeaderField{{Name: "X", Value: "{nothing}"}}},
	} {
		if _, err := New(spec); err == nil {
			t.Errorf("a page %s is made", name)
		}
	}
}
