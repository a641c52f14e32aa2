package accesslog

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// full is an entry with every field set.
func full() *Entry {
	return &Entry{
		Time:             time.Date(2026, 3, 1, 12, 4, 5, 6_789_000, time.FixedZone("", 3600)),
		Client:           netip.MustParseAddrPort("203.0.113.7:4242"),
		Method:           []byte("GET"),
		Host:             []byte("shop.example.com"),
		Path:             []byte("/a b"),
		Query:            []byte(`q="x"`),
		HasQuery:         true,
		Protocol:         "HTTP/1.1",
		TLS:              "1.3",
		Status:           502,
		BytesIn:          12,
		BytesOut:         34,
		Duration:         1234567 * time.Microsecond,
		Upstream:         "10.0.0.1:8080",
		UpstreamKey:      "shop/web:80",
		FirstByte:        900 * time.Microsecond,
		UpstreamDuration: 2 * time.Millisecond,
		Route:            "ingress/shop/web/0/0",
		Origin:           "Ingress/shop/web",
		Principal:        []byte("alice"),
		RequestID:        []byte("0af7651916cd43dd"),
		UserAgent:        []byte("curl/8.5 (x)"),
		Referer:          []byte("https://example.com/"),
		Reason:           "connect_failed",
		Fault:            "upstream",
		Retries:          1,
	}
}

func lineOf(format Format, e *Entry) string {
	var l line
	if format == Text {
		l.text(e)
	} else {
		l.json(e)
	}
	return string(l.buf)
}

func TestLines(t *testing.T) {
	bare := &Entry{Method: []byte("GET"), Path: []byte("/"), Protocol: "HTTP/1.0"}
	tests := map[string]struct {
		entry  *Entry
		format Format
		want   string
	}{
		"JSON with everything": {full(), JSON,
			`{"time":"2026-03-01T11:04:05.006Z","client":"203.0.113.7:4242","method":"GET","host":"shop.example.com",` +
				`"path":"/a b?q=\"x\"","protocol":"HTTP/1.1","status":502,"bytesIn":12,"bytesOut":34,"duration":1.234567,` +
				`"tls":"1.3","route":"ingress/shop/web/0/0","origin":"Ingress/shop/web","upstream":"shop/web:80",` +
				`"endpoint":"10.0.0.1:8080","endpointFirstByte":0.000900,"endpointDuration":0.002000,"retries":1,` +
				`"reason":"connect_failed","fault":"upstream","principal":"alice","requestId":"0af7651916cd43dd","userAgent":"curl/8.5 (x)",` +
				`"referer":"https://example.com/"}`},
		"JSON with nothing that can be left out": {bare, JSON,
			`{"time":"0001-01-01T00:00:00.000Z","client":"","method":"GET","host":"","path":"/","protocol":"HTTP/1.0",` +
				`"status":0,"bytesIn":0,"bytesOut":0,"duration":0.000000}`},
		"text with everything": {full(), Text,
			`2026-03-01T11:04:05.006Z 203.0.113.7:4242 "GET shop.example.com /a b?q=\"x\" HTTP/1.1" 502 1.234567s in=12 out=34 ` +
				`tls=1.3 route=ingress/shop/web/0/0 origin=Ingress/shop/web upstream=shop/web:80 endpoint=10.0.0.1:8080 ` +
				`first=0.000900s took=0.002000s retries=1 reason=connect_failed fault=upstream principal=alice id=0af7651916cd43dd ` +
				`agent="curl/8.5 (x)" referer=https://example.com/`},
		"text with nothing that can be left out": {bare, Text,
			`0001-01-01T00:00:00.000Z - "GET  / HTTP/1.0" 0 0.000000s in=0 out=0`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want+"\n", lineOf(test.format, test.entry)); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEscapes(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"plain text":                  {"abc /?=~", `abc /?=~`},
		"quotes and backslashes":      {`"\`, `\"\\`},
		"an end of line":              {"a\r\nb", `a\u000d\u000ab`},
		"an escape sequence":          {"\x1b[31m\x7f", `\u001b[31m\u007f`},
		"letters beyond ASCII":        {"é漢😀", `é漢😀`},
		"bytes that are no UTF-8":     {"a\xff\xc3", "a\uFFFD\uFFFD"},
		"a C1 control":                {"\u0085", `\u0085`},
		"a separator of lines":        {"\u2028", `\u2028`},
		"a change of direction":       {"\u202e", `\u202e`},
		"a surrogate's bytes":         {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
		"a character that breaks off": {"\xe6\xbc", "\uFFFD\uFFFD"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var fromString, fromBytes line
			escaped(&fromString, test.in)
			escaped(&fromBytes, []byte(test.in))
			if got := string(fromString.buf); got != test.want || string(fromBytes.buf) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// FuzzLine holds both formats to one line without control characters, and
// the JSON form to what encoding/json reads from it.
func FuzzLine(f *testing.F) {
	f.Add([]byte("GET"), []byte("/"), []byte(""), "10.0.0.1:80")
	f.Add([]byte("G\nE"), []byte("\xff\""), []byte("\u2028\\"), "\x00")
	f.Fuzz(func(t *testing.T, method, path, agent []byte, upstream string) {
		e := &Entry{Method: method, Path: path, UserAgent: agent, Upstream: upstream, Host: agent, Query: method, HasQuery: len(path)%2 == 0}
		text := lineOf(Text, e)
		object := lineOf(JSON, e)
		for _, line := range []string{text, object} {
			body, ended := strings.CutSuffix(line, "\n")
			if !ended || !utf8.ValidString(line) {
				t.Fatalf("not a line of UTF-8: %q", line)
			}
			for _, r := range body {
				if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
					t.Fatalf("a control character got through: %q", line)
				}
			}
		}
		var got struct{ Method, Host, Path, UserAgent, Endpoint string }
		if err := json.Unmarshal([]byte(object), &got); err != nil {
			t.Fatalf("%v: %q", err, object)
		}
		target := string(toValid(path))
		if e.HasQuery {
			target += "?" + string(toValid(method))
		}
		want := got
		want.Method, want.Host, want.Path = string(toValid(method)), string(toValid(agent)), target
		want.UserAgent, want.Endpoint = string(toValid(agent)), string(toValid([]byte(upstream)))
		if got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// toValid puts U+FFFD in the place of each byte that is not UTF-8.
func toValid(b []byte) []byte { return []byte(string(bytes.Runes(b))) }
