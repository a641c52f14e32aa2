package compress

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

var all = []ir.Coding{ir.Zstd, ir.Brotli, ir.Gzip}

func TestTheCodingIsTheOneThatTheClientLikesBest(t *testing.T) {
	for accept, want := range map[string]string{
		"":                                    "",
		"gzip":                                "gzip",
		"GZIP":                                "gzip",
		"x-gzip":                              "gzip",
		"gzip, deflate, br, zstd":             "zstd",
		"gzip, br":                            "br",
		"gzip;q=1.0, br;q=0.9, zstd;q=0.8":    "gzip",
		"gzip;q=0.5, zstd;q=0":                "gzip",
		"*":                                   "zstd",
		"*;q=0.5, gzip":                       "gzip",
		"*;q=0":                               "",
		"zstd;q=0, *":                         "br",
		"identity":                            "",
		"identity;q=0.5, gzip;q=0.4":          "",
		"identity;q=0.4, gzip;q=0.5":          "gzip",
		"deflate":                             "",
		"gzip;q=0":                            "",
		"gzip;q=0.000":                        "",
		"gzip;q=0.001":                        "gzip",
		"gzip;q=2":                            "",
		"gzip;q=1.1":                          "",
		"gzip;q=":                             "",
		"gzip;q=x":                            "",
		"gzip ; q=0.5 , , br; q=0.25":         "gzip",
		"gzipp, brr":                          "",
		"gzip;q=0.5;x=1":                      "",
		strings.Repeat("a,", 1000) + "br;Q=1": "br",
	} {
		got := ""
		if c, ok := choose([]byte(accept), all); ok {
			got = c.String()
		}
		if got != want {
			t.Errorf("of %.40q it is %q, want %q", accept, got, want)
		}
	}
}

func newFilter(t *testing.T, spec ir.Compress) *Filter {
	t.Helper()
	f, err := New(&spec)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// response is a head with fields of the form "Name: value".
func response(status int, length int64, fields ...string) *wire.Response {
	r := &wire.Response{Status: status, Length: length}
	add(&r.Header, fields)
	return r
}

func add(h *wire.Header, fields []string) {
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		h.Add(name, []byte(value))
	}
}

func text(h *wire.Header) string {
	var b strings.Builder
	for _, f := range h.Fields() {
		b.WriteString(string(f.Name) + ": " + string(f.Value) + "\n")
	}
	return b.String()
}

func TestWhatIsCompressed(t *testing.T) {
	const html = "Content-Type: text/html; charset=utf-8"
	for name, tt := range map[string]struct {
		r       *wire.Response
		request []string
		vary    bool
		encoded bool
	}{
		"a page":                            {response(200, 1000, html), nil, true, true},
		"a page of unknown length":          {response(200, -1, html), nil, true, true},
		"a page that is short":              {response(200, 99, html), nil, true, false},
		"a page of the least length":        {response(200, 100, html), nil, true, true},
		"a type in upper case":              {response(200, 1000, "Content-Type: TEXT/HTML"), nil, true, true},
		"a type of a family by suffix":      {response(200, 1000, "Content-Type: application/problem+json"), nil, true, true},
		"a type of a family by prefix":      {response(200, 1000, "Content-Type: font/ttf"), nil, true, true},
		"a type that is not listed":         {response(200, 1000, "Content-Type: image/png"), nil, false, false},
		"no type":                           {response(200, 1000), nil, false, false},
		"an error page":                     {response(500, 1000, html), nil, true, true},
		"what is compressed already":        {response(200, 1000, html, "Content-Encoding: br"), nil, false, false},
		"what has an identity that is said": {response(200, 1000, html, "Content-Encoding: identity"), nil, false, false},
		"a part":                            {response(206, 1000, html), nil, false, false},
		"a part that says so":               {response(200, 1000, html, "Content-Range: bytes 0-999/2000"), nil, false, false},
		"no content":                        {response(204, 0, html), nil, false, false},
		"what has not changed":              {response(304, 0, html), nil, false, false},
		"a response to be left alone":       {response(200, 1000, html, "Cache-Control: public, No-Transform"), nil, false, false},
		"a request to be left alone":        {response(200, 1000, html), []string{"Cache-Control: no-transform"}, true, false},
		"what has a digest":                 {response(200, 1000, html, "Repr-Digest: sha-256=:a:"), nil, false, false},
		"gRPC whatever is listed":           {response(200, -1, "Content-Type: application/grpc+proto"), nil, false, false},
		"gRPC-Web":                          {response(200, -1, "Content-Type: application/grpc-web"), nil, false, false},
		"an empty page":                     {response(200, 0, html), nil, true, false},
		"a type that is very long":          {response(200, 1000, "Content-Type: text/"+strings.Repeat("a", 500)), nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilter(t, ir.Compress{Codings: all, Types: []string{"text/html", "*+json", "font/*", "application/*", "*+proto"}, MinBytes: 100})
			before := text(&tt.r.Header)
			x := &filter.Exchange{Request: &wire.Request{}, Response: tt.r, AcceptEncoding: []byte("gzip")}
			add(&x.Request.Header, tt.request)
			f.OnResponseHead(x)
			e := f.OnResponseBody(x, io.Discard)
			if got := string(tt.r.Header.Get("Vary")); got != map[bool]string{true: "Accept-Encoding"}[tt.vary] {
				t.Errorf("Vary is %q", got)
			}
			if (e != nil) != tt.encoded {
				t.Errorf("the encoder is %v", e)
			}
			if e != nil {
				e.Release()
				if tt.r.Length != wire.UnknownLength || string(tt.r.Header.Get("Content-Encoding")) != "gzip" {
					t.Errorf("the head is %+v", tt.r)
				}
				return
			}
			tt.r.Header.Del("Vary")
			if after := text(&tt.r.Header); after != before {
				t.Errorf("of %q it made %q", before, after)
			}
		})
	}
}

func TestTheHeadFitsTheContent(t *testing.T) {
	f := newFilter(t, ir.Compress{Codings: all, Types: []string{"text/*"}})
	r := response(200, 1000, "Content-Type: text/css", `ETag: "a"`, "Accept-Ranges: bytes", "Vary: Origin", "X-Other: 1")
	x := &filter.Exchange{Request: &wire.Request{}, Response: r, AcceptEncoding: []byte("br")}
	f.OnResponseHead(x)
	f.OnResponseHead(x)
	f.OnResponseBody(x, io.Discard).Release()
	want := "Content-Type: text/css\nVary: Origin\nX-Other: 1\nVary: Accept-Encoding\nContent-Encoding: br\nETag: W/\"a\"\n"
	if got := text(&r.Header); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if f.OnResponseBody(x, io.Discard) != nil {
		t.Error("it is compressed twice")
	}
	weak := response(200, 1000, "Content-Type: text/css", `ETag: W/"a"`, "Vary: *")
	x.Response = weak
	f.OnResponseHead(x)
	f.OnResponseBody(x, io.Discard).Release()
	if got := text(&weak.Header); got != "Content-Type: text/css\nETag: W/\"a\"\nVary: *\nContent-Encoding: br\n" {
		t.Errorf("got %q", got)
	}
}

// decode undoes a coding.
func decode(t *testing.T, c ir.Coding, r io.Reader) io.Reader {
	t.Helper()
	switch c {
	case ir.Gzip:
		d, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		return d
	case ir.Brotli:
		return brotli.NewReader(r)
	case ir.Zstd:
	}
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// TestContentComesBack sends content of many sizes in parts through encoders that were
// used before, one of them given up in the middle.
func TestContentComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range all {
		t.Run(c.String(), func(t *testing.T) {
			broken := encoder(c, failing{})
			io.WriteString(broken, strings.Repeat("left", 100_000))
			broken.Release()
			for _, size := range []int{0, 1, 100, 5000, 300_000} {
				content := make([]byte, size)
				for i := range content {
					content[i] = "abcdefgh"[random.IntN(8)]
				}
				var sent bytes.Buffer
				e := encoder(c, &sent)
				for rest := content; len(rest) > 0; {
					n := min(1+random.IntN(40_000), len(rest))
					if _, err := e.Write(rest[:n]); err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				e.Release()
				if size > 1000 && sent.Len() > size*2/3 {
					t.Errorf("%d bytes became %d", size, sent.Len())
				}
				got, err := io.ReadAll(decode(t, c, &sent))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%d bytes came back as %d, %v", size, len(got), err)
				}
			}
		})
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestWhatIsFlushedCanBeRead reads each event of a stream before the next one is sent.
func TestWhatIsFlushedCanBeRead(t *testing.T) {
	for _, c := range all {
		t.Run(c.String(), func(t *testing.T) {
			r, w := io.Pipe()
			defer r.Close()
			next := make(chan struct{})
			go func() {
				e := encoder(c, w)
				for range next {
					io.WriteString(e, "data: x\n\n")
					e.Flush()
				}
				e.Close()
				e.Release()
				w.Close()
			}()
			next <- struct{}{}
			d := decode(t, c, r)
			event := make([]byte, 9)
			for i := range 3 {
				if i > 0 {
					next <- struct{}{}
				}
				if _, err := io.ReadFull(d, event); err != nil || string(event) != "data: x\n\n" {
					t.Fatalf("got %q, %v", event, err)
				}
			}
			close(next)
			if rest, err := io.ReadAll(d); err != nil || len(rest) > 0 {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
}

func TestWhatCannotBeCompressedIsRefused(t *testing.T) {
	for name, spec := range map[string]ir.Compress{
		"no coding":         {Types: []string{"text/html"}},
		"no type":           {Codings: all},
		"an unknown coding": {Codings: []ir.Coding{9}, Types: []string{"text/html"}},
		"any type":          {Codings: all, Types: []string{"*/*"}},
		"no slash":          {Codings: all, Types: []string{"html"}},
		"no family":         {Codings: all, Types: []string{"/*"}},
		"no suffix":         {Codings: all, Types: []string{"*+"}},
	} {
		if _, err := New(&spec); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// FuzzAcceptEncoding holds the choice against one that is made the long way.
func FuzzAcceptEncoding(f *testing.F) {
	for _, seed := range []string{"gzip, br;q=0.5", "*;q=0.1,gzip;q=0", "identity;q=1, zstd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		got, ok := choose([]byte(accept), all)
		if !ok {
			return
		}
		named := false
		for one := range strings.SplitSeq(strings.ToLower(accept), ",") {
			name, _, _ := strings.Cut(one, ";")
			// Other spaces than these two are no part of the grammar, and match nothing.
			name = strings.TrimSpace(name)
			named = named || name == got.String() || name == "*" || name == "x-gzip" && got == ir.Gzip
		}
		if !named {
			t.Errorf("%v was chosen of %q", got, accept)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	content := bytes.Repeat([]byte(`{"id": 12, "name": "some name", "tags": ["a", "b"]},`), 200)
	for _, c := range all {
		b.Run(c.String(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				e := encoder(c, io.Discard)
				e.Write(content)
				e.Close()
				e.Release()
			}
		})
	}
}
