package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func dump(h *Header) (out []string) {
	for _, f := range h.Fields() {
		out = append(out, fmt.Sprintf("%s: %s (%v)", f.Name, f.Value, f.Known))
	}
	return out
}

func TestLookupFindsEachNameInAnyCase(t *testing.T) {
	for k := Other + 1; k < knownEnd; k++ {
		name := k.String()
		if name == "" {
			t.Fatalf("name %d has no spelling", k)
		}
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := Lookup([]byte(spelled)); got != k {
				t.Errorf("%s is found as %v", spelled, got)
			}
		}
		// A name that differs in one byte is another, above all where bytes differ in the bit of case alone.
		for i := range len(name) {
			for c := range 256 {
				other := []byte(name)
				other[i] = byte(c)
				if strings.EqualFold(string(other), name) && c < 0x80 {
					continue
				}
				if got := Lookup(other); got == k {
					t.Errorf("%q is found as %v", other, k)
				}
			}
		}
	}
	for _, name := range []string{"", "X", "Hos", "Hosts", strings.Repeat("a", 300)} {
		if got := Lookup([]byte(name)); got != Other {
			t.Errorf("%q is found as %v", name, got)
		}
	}
}

func TestHeaderChanges(t *testing.T) {
	tests := map[string]struct {
		do   func(h *Header)
		want []string
	}{
		"add puts a line behind": {
			func(h *Header) { h.Add("x-new", []byte("1")) },
			[]string{"Accept: a ()", "X: b ()", "x: c ()", "Cookie: d ()", "x-new: 1 ()"},
		},
		"add knows the name": {
			func(h *Header) { h.Add("LOCATION", []byte("/")) },
			[]string{"Accept: a ()", "X: b ()", "x: c ()", "Cookie: d ()", "LOCATION: / (Location)"},
		},
		"add of a known name": {
			func(h *Header) { h.AddKnown(Location, []byte("/")) },
			[]string{"Accept: a ()", "X: b ()", "x: c ()", "Cookie: d ()", "Location: / (Location)"},
		},
		"set replaces all lines": {
			func(h *Header) { h.Set("X", []byte("1")) },
			[]string{"Accept: a ()", "Cookie: d ()", "X: 1 ()"},
		},
		"set to one of the values that go": {
			func(h *Header) { h.Set("X", h.Get("x")) },
			[]string{"Accept: a ()", "Cookie: d ()", "X: b ()"},
		},
		"set of a known name to its own value": {
			func(h *Header) { h.SetKnown(Cookie, h.GetKnown(Cookie)) },
			[]string{"Accept: a ()", "X: b ()", "x: c ()", "Cookie: d (Cookie)"},
		},
		"del removes all lines": {
			func(h *Header) { h.Del("X") },
			[]string{"Accept: a ()", "Cookie: d ()"},
		},
		"del of bytes removes all lines": {
			func(h *Header) { h.DelBytes([]byte("X")) },
			[]string{"Accept: a ()", "Cookie: d ()"},
		},
		"del of the first line": {
			func(h *Header) { h.DelKnown(Accept) },
			[]string{"X: b ()", "x: c ()", "Cookie: d ()"},
		},
		"del of the last line": {
			func(h *Header) { h.DelKnown(Cookie) },
			[]string{"Accept: a ()", "X: b ()", "x: c ()"},
		},
		"del of what is not there": {
			func(h *Header) { h.Del("Y"); h.DelKnown(Host) },
			[]string{"Accept: a ()", "X: b ()", "x: c ()", "Cookie: d ()"},
		},
		"reset empties": {
			func(h *Header) { h.Reset() },
			nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var h Header
			h.Add("Accept", []byte("a"))
			h.Add("X", []byte("b"))
			h.Add("x", []byte("c"))
			h.Add("Cookie", []byte("d"))
			tt.do(&h)
			var want []string
			for _, line := range tt.want {
				// "()" stands for what Lookup says of the name.
				name, _, _ := strings.Cut(line, ":")
				want = append(want, strings.Replace(line, "()", fmt.Sprintf("(%v)", Lookup([]byte(name))), 1))
			}
			if diff := cmp.Diff(want, dump(&h)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeaderKeepsWhatWasAddedBefore(t *testing.T) {
	var h Header
	var values [][]byte
	for i := range 1000 {
		h.Add(fmt.Sprintf("X-%d", i), fmt.Appendf(nil, "value %d", i))
		values = append(values, h.Get(fmt.Sprintf("X-%d", i)))
	}
	for i, v := range values {
		if want := fmt.Sprintf("value %d", i); string(v) != want {
			t.Fatalf("line %d is %q, want %q", i, v, want)
		}
	}
	// Appending to a value must not reach the one behind it.
	_ = append(values[0], "overwritten"...)
	if got := string(h.Get("X-1")); got != "value 1" {
		t.Errorf("line 1 is %q", got)
	}
}

func TestCopyFromOutlivesItsSource(t *testing.T) {
	buf := []byte("X-Name: value")
	var src, dst Header
	dst.Add("Old", nil)
	src.AppendAlias(Field{Name: buf[:6], Value: buf[8:]})
	dst.CopyFrom(&src)
	copy(buf, "###################")
	if diff := cmp.Diff([]string{"X-Name: value ()"}, dump(&dst)); diff != "" {
		t.Error(diff)
	}
}

func TestHeaderAllocatesNothingOnceItHasGrown(t *testing.T) {
	var h Header
	value := []byte("192.0.2.1")
	use := func() {
		h.Reset()
		h.Add("X-Some-Name", value)
		h.AddKnown(XForwardedFor, value)
		h.SetKnown(XForwardedFor, value)
		h.Set("x-some-name", value)
		h.Del("nothing")
	}
	use()
	if n := testing.AllocsPerRun(100, use); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestVersionsAreSpelledAsLogsWriteThem(t *testing.T) {
	for version, want := range map[Version]string{HTTP10: "HTTP/1.0", HTTP11: "HTTP/1.1", HTTP2: "HTTP/2", HTTP3: "HTTP/3", 9: "HTTP"} {
		if got := version.String(); got != want {
			t.Errorf("version %d is %q", version, got)
		}
	}
}

func TestMessagesKeepTheirMemoryOverReset(t *testing.T) {
	req := Request{Method: []byte("GET"), Length: 5, Close: true, HasQuery: true}
	req.Header.Add("X", []byte("y"))
	req.Reset()
	if req.Method != nil || req.Length != 0 || req.Close || req.HasQuery || req.Header.Len() != 0 {
		t.Errorf("%+v is left", req)
	}
	resp := Response{Status: 200, NoBody: true}
	resp.Header.Add("X", []byte("y"))
	resp.Reset()
	if resp.Status != 0 || resp.NoBody || resp.Header.Len() != 0 {
		t.Errorf("%+v is left", resp)
	}
}

// FuzzHeader compares a Header with a plain list of lines under random changes.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("aXbXsYdXkX"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		names := []string{"Host", "hOST", "X-A", "x-a", "Cookie", "Via", "X-B", ""}
		var h Header
		var want [][2]string
		del := func(name string) {
			kept := want[:0:0]
			for _, line := range want {
				if !strings.EqualFold(line[0], name) {
					kept = append(kept, line)
				}
			}
			want = kept
		}
		for i, op := range ops {
			name := names[op>>3%8]
			value := fmt.Sprint(i)
			switch op % 8 {
			case 0, 1, 2:
				h.Add(name, []byte(value))
				want = append(want, [2]string{name, value})
			case 3:
				h.Set(name, []byte(value))
				del(name)
				want = append(want, [2]string{name, value})
			case 4:
				h.Del(name)
				del(name)
			case 5:
				if k := Lookup([]byte(name)); k != Other {
					h.DelKnown(k)
					del(name)
				}
			case 6:
				h.DelBytes([]byte(name))
				del(name)
			case 7:
				if op == 0xff {
					h.Reset()
					want = nil
				}
			}
		}
		if h.Len() != len(want) {
			t.Fatalf("%d lines, want %d", h.Len(), len(want))
		}
		for i, f := range h.Fields() {
			if string(f.Name) != want[i][0] || string(f.Value) != want[i][1] || f.Known != Lookup(f.Name) {
				t.Fatalf("line %d is %s: %s, want %v", i, f.Name, f.Value, want[i])
			}
		}
		for _, name := range names {
			var first []byte
			for _, line := range want {
				if strings.EqualFold(line[0], name) {
					first = []byte(line[1])
					break
				}
			}
			if h.Has(name) != (first != nil) || !bytes.Equal(h.Get(name), first) {
				t.Fatalf("Get(%q) is %q, want %q", name, h.Get(name), first)
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	names := [][]byte{[]byte("host"), []byte("User-Agent"), []byte("sec-ch-ua-mobile"), []byte("Accept"), []byte("Accept-Encoding"), []byte("Cookie")}
	for b.Loop() {
		for _, name := range names {
			Lookup(name)
		}
	}
}

func TestDelFunc(t *testing.T) {
	for name, tt := range map[string]struct{ have, want string }{
		"none":           {"abc", "abc"},
		"the first":      {"xab", "ab"},
		"the last":       {"abx", "ab"},
		"several":        {"xaxxbx", "ab"},
		"all":            {"xx", ""},
		"of no lines":    {"", ""},
		"in the between": {"axb", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			var h Header
			for _, c := range tt.have {
				h.Add(string(c), nil)
			}
			h.DelFunc(func(f *Field) bool { return string(f.Name) == "x" })
			var got string
			for _, f := range h.Fields() {
				got += string(f.Name)
			}
			if got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
