package h1

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// TestReadsAsNetHTTPDoes gives both the whole corpus and all that is accepted: what
// both of them accept must be the same message, with the same end.
func TestReadsAsNetHTTPDoes(t *testing.T) {
	for name, c := range corpus(t) {
		t.Run(name, func(t *testing.T) { compare(t, c.raw, c.method) })
	}
	for name, tt := range acceptedRequests {
		t.Run("accepted request "+name, func(t *testing.T) { compare(t, tt.raw, "") })
	}
	for name, tt := range acceptedResponses {
		t.Run("accepted response "+name, func(t *testing.T) { compare(t, tt.raw, tt.method) })
	}
}

// compare compares a request, or a response to method, where we accept it.
func compare(t *testing.T, raw, method string) {
	if method == "" {
		if ours := readRequest(nil, 512, raw); ours.Start != "" && ours.Fault == "" {
			compareRequest(t, nil, raw)
		}
		return
	}
	if ours := readResponse(method, 512, raw); ours.Start != "" && ours.Fault == "" {
		compareResponse(t, raw, method, ours, ours.Rest)
	}
}

// compareRequest compares with net/http, where it accepts the request too.
func compareRequest(t *testing.T, limits *Limits, raw string) {
	src := strings.NewReader(raw)
	br := bufio.NewReader(src)
	theirs, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	body, err := io.ReadAll(theirs.Body)
	if err != nil {
		return
	}
	c := NewConn(newScript(raw), limits)
	defer c.Release()
	var r wire.Request
	if err := c.ReadRequest(&r); err != nil {
		t.Fatal(err)
	}
	ourBody, err := io.ReadAll(c.Body())
	if err != nil {
		t.Fatal(err)
	}
	uri := string(r.Path)
	if r.HasQuery {
		uri += "?" + string(r.Query)
	}
	if string(r.Method) == "CONNECT" {
		uri = string(r.Authority)
	}
	theirURI := theirs.RequestURI
	if i := strings.Index(theirURI, "://"); i > 0 && theirURI[0] != '/' { // absolute form
		theirURI = theirs.URL.EscapedPath()
		// That escapes bytes which came as they are, as we do when the path is normalised.
		if plain, err := url.PathUnescape(string(r.Path)); err == nil && plain == theirs.URL.Path {
			theirURI = string(r.Path)
		}
		if _, query, ok := strings.Cut(theirs.RequestURI, "?"); ok {
			theirURI += "?" + query
		}
		if uri == "*" || uri[0] == '/' && theirURI == "" || theirURI[0] == '?' {
			theirURI = "/" + theirURI
			uri = strings.Replace(uri, "*", "/", 1)
		}
	}
	rest := c.Buffered()
	for _, piece := range c.nc.(*script).in {
		rest = append(rest[:len(rest):len(rest)], piece...)
	}
	theirRest, err := io.ReadAll(br)
	if err != nil {
		t.Fatal(err)
	}
	type view struct {
		Method, Host, URI, Body, Rest string
		Length                        int64
		Close                         bool
	}
	ourView := view{string(r.Method), strings.ToLower(string(r.Authority)), uri, string(ourBody), string(rest), r.Length, r.Close}
	theirView := view{theirs.Method, strings.ToLower(theirs.Host), theirURI, string(body), string(theirRest), theirs.ContentLength, theirs.Close}
	if diff := cmp.Diff(theirView, ourView); diff != "" {
		t.Fatalf("net/http reads another request (-net/http +ours):\n%s", diff)
	}
	for _, field := range r.Header.Fields() {
		if field.Known == wire.Trailer {
			continue // It is not in their header, but keys of their trailer.
		}
		if !slices.Contains(theirs.Header.Values(string(field.Name)), string(field.Value)) {
			t.Fatalf("net/http does not see %s: %s", field.Name, field.Value)
		}
	}
}

// compareResponse is compareRequest for a response to a method, of which ours is what we have read and rest what we have left.
func compareResponse(t *testing.T, raw, method string, ours outcome, rest string) {
	if method == http.MethodConnect && strings.HasPrefix(ours.Start, "2") {
		return // They read on to the end where a tunnel begins (RFC 9112 section 6.3).
	}
	br := bufio.NewReaderSize(strings.NewReader(raw), 128<<10)
	theirs, err := http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		return
	}
	body, err := io.ReadAll(theirs.Body)
	if err != nil {
		return
	}
	theirRest, err := io.ReadAll(br)
	if err != nil {
		t.Fatal(err)
	}
	if ours.Start == "204" && len(theirRest) != len(rest) {
		return // They read content there, we close the connection instead.
	}
	got := fmt.Sprintf("%s %q", ours.Start, ours.Body)
	want := fmt.Sprintf("%d %q", theirs.StatusCode, body)
	if got != want || len(raw) < bufferSize && rest != string(theirRest) {
		t.Fatalf("net/http reads %s, then %q; we read %s, then %q", want, theirRest, got, rest)
	}
	for _, line := range ours.Header {
		name, value, _ := strings.Cut(line, ": ")
		if !wire.EqualName([]byte(name), "Trailer") && !slices.Contains(theirs.Header.Values(name), value) {
			t.Fatalf("net/http does not see %s", line)
		}
	}
}
