package headers

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestHeadsAreEdited(t *testing.T) {
	edit := ir.HeaderEdit{
		Remove: []string{"x-gone"},
		Set:    []ir.HeaderField{{Name: "X-Set", Value: "{scheme}://{host}:{port}{path}?{query}"}, {Name: "X-New", Value: "{client_ip} {request_id} {version}{tls.sni}{tls.subject} {route} {method}"}},
		Add:    []ir.HeaderField{{Name: "X-Added", Value: "second"}, {Name: "X-Brace", Value: ir.Literal("{host}")}},
	}
	request, err := NewRequest(&ir.ModifyRequestHeader{Edit: edit})
	if err != nil {
		t.Fatal(err)
	}
	response, err := NewResponse(&ir.ModifyResponseHeader{Edit: edit})
	if err != nil {
		t.Fatal(err)
	}
	x := &filter.Exchange{
		Request: &wire.Request{Method: []byte("GET"), Query: []byte("q=1")}, Response: new(wire.Response),
		Host: []byte("a.example"), Path: []byte("/p"), Port: 81, Secure: true, Client: netip.MustParseAddrPort("192.0.2.1:9"),
		RequestID: []byte("id"), Version: "2", ServerName: "sni", Subject: "CN=me", Route: "r",
	}
	for _, h := range []*wire.Header{&x.Request.Header, &x.Response.Header} {
		h.Add("x-set", []byte("old"))
		h.Add("X-Gone", []byte("old"))
		h.Add("X-Added", []byte("first"))
		h.Add("X-Set", []byte("older"))
	}
	if a := request.OnRequestHead(x); a != nil {
		t.Errorf("answered %+v", a)
	}
	response.OnResponseHead(x)
	want := "X-Added=first X-Set=https://a.example:81/p?q=1 X-New=192.0.2.1 id 2sniCN=me r GET X-Added=second X-Brace={host}"
	for name, h := range map[string]*wire.Header{"request": &x.Request.Header, "response": &x.Response.Header} {
		var got []string
		for _, f := range h.Fields() {
			got = append(got, string(f.Name)+"="+string(f.Value))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatCannotBeWrittenIsRefused(t *testing.T) {
	set := func(name, value string) ir.HeaderEdit {
		return ir.HeaderEdit{Set: []ir.HeaderField{{Name: name, Value: ir.Text(value)}}}
	}
	for name, edit := range map[string]ir.HeaderEdit{
		"Host":                    set("Host", "a"),
		"Content-Length":          set("Content-Length", "1"),
		"Transfer-Encoding":       {Add: []ir.HeaderField{{Name: "transfer-encoding", Value: "chunked"}}},
		"Connection":              {Remove: []string{"connection"}},
		"a name that is no token": set("a b", "c"),
		"no name":                 set("", "c"),
		"a line end":              set("a", "b\r\nc"),
		"a variable that is none": set("a", "{nothing}"),
		"a brace without its end": set("a", "{host"),
	} {
		if _, err := NewRequest(&ir.ModifyRequestHeader{Edit: edit}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a{host}b{{c")
	f.Fuzz(func(t *testing.T, s string) {
		x := &filter.Exchange{Request: new(wire.Request)}
		literal, err := filter.ParseText(string(ir.Literal(s)))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(literal.Append(nil, x)); got != s {
			t.Errorf("%q became %q", s, got)
		}
		if text, err := filter.ParseText(s); err == nil && !strings.Contains(s, "{") && string(text.Append(nil, x)) != s {
			t.Errorf("%q became something else", s)
		}
	})
}
