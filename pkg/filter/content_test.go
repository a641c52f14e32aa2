package filter

import (
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestContentIsFilledInAsItsTypeAsks(t *testing.T) {
	x := &Exchange{Host: []byte(`a<b>"&'c`), Path: []byte("/x\\y\n`"), Request: &wire.Request{Method: []byte("GET")}, Status: 503}
	for name, tt := range map[string]struct{ contentType, text, want string }{
		"a text stands as it is":      {"text/plain; charset=utf-8", "{host} {{host}", `a<b>"&'c {host}`},
		"HTML is escaped":             {"Text/HTML; charset=utf-8", "<p>{host}{path}", "<p>a&lt;b&gt;&#34;&amp;&#39;c/x\\y &#96;"},
		"SVG is escaped":              {"image/svg+xml", "<a>{host}", "<a>a&lt;b&gt;&#34;&amp;&#39;c"},
		"JSON is escaped":             {"application/json", `{{"a":"{host}{path}"}`, `{"a":"a\u003cb\u003e\"\u0026\u0027c/x\\y\u000a\u0060"}`},
		"a problem is escaped":        {"application/problem+json", `"{host}"`, `"a\u003cb\u003e\"\u0026\u0027c"`},
		"a script is escaped":         {"text/javascript", `"{host}"`, `"a\u003cb\u003e\"\u0026\u0027c"`},
		"the status is known":         {"text/plain", "{status} {status_text}", "503 Service Unavailable"},
		"no variable is no work":      {"text/html", "<p>{{}", "<p>{}"},
		"a type that is none is text": {"", "{method}", "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := NewContent(tt.text, tt.contentType)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(c.For(x)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := NewContent("{nothing}", "text/html"); err == nil || !strings.Contains(err.Error(), "{nothing}") {
		t.Errorf("an unknown variable: %v", err)
	}
}

// FuzzEscapes holds both ways to escape against the decoders of the standard library.
func FuzzEscapes(f *testing.F) {
	f.Add(`<script>alert("x")</script>`)
	f.Add("a\x00\xff\\\"'`&amp;\u2028")
	f.Fuzz(func(t *testing.T, value string) {
		var back string
		quoted := `"` + string(escapeString(nil, []byte(value))) + `"`
		if err := json.Unmarshal([]byte(quoted), &back); err != nil || back != strings.ToValidUTF8(value, "\uFFFD") {
			t.Errorf("JSON: of %q came %q, %v", value, back, err)
		}
		if strings.ContainsAny(quoted, "<>&") {
			t.Errorf("JSON holds markup: %q", quoted)
		}
		markup := string(escapeMarkup(nil, []byte(value)))
		if strings.ContainsAny(markup, "<>\"'`") {
			t.Errorf("markup holds %q", markup)
		}
		want := []byte(value)
		for i, c := range want {
			if c < ' ' && c != '\t' || c == 0x7f {
				want[i] = ' '
			}
		}
		if back := html.UnescapeString(markup); back != string(want) {
			t.Errorf("markup: of %q came %q", value, back)
		}
	})
}
