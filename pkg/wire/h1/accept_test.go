package h1

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func headerLines(n int) (raw string, parsed []string) {
	for i := range n {
		raw += fmt.Sprintf("X-%d: v\r\n", i)
		parsed = append(parsed, fmt.Sprintf("X-%d: v", i))
	}
	return raw, parsed
}

var most, mostParsed = headerLines(99)

var acceptedRequests = map[string]struct {
	raw  string
	lim  *Limits
	want outcome
}{
	"is plain": {
		raw:  get("X: a\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X: a"}},
	},
	"has one empty line ahead": {
		raw:  "\r\n" + get(""),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"is followed by another": {
		raw:  get("") + get(""),
		want: outcome{Start: "GET a.example|/| false", Rest: get("")},
	},
	"has a path with escapes and a query": {
		raw:  target("GET", "/a%2Fb/%c3%a9;v=1?x=%zz&y=[1]|{2}"),
		want: outcome{Start: "GET a.example|/a%2Fb/%c3%a9;v=1|x=%zz&y=[1]|{2} true"},
	},
	"has an empty query": {
		raw:  target("GET", "/a?"),
		want: outcome{Start: "GET a.example|/a| true"},
	},
	"has two slashes for a path": {
		raw:  target("GET", "//b.example/a"),
		want: outcome{Start: "GET a.example|//b.example/a| false"},
	},
	"has dot segments": {
		raw:  target("GET", "/a/../b/./c"),
		want: outcome{Start: "GET a.example|/a/../b/./c| false"},
	},
	"has question marks in its query": {
		raw:  target("GET", "/a?b?c"),
		want: outcome{Start: "GET a.example|/a|b?c true"},
	},
	"has an absolute target": {
		raw:  target("GET", "http://a.example/b?c"),
		want: outcome{Start: "GET a.example|/b|c true"},
	},
	"has an absolute target in another case": {
		raw:  target("GET", "HTTPS://A.Example/b"),
		want: outcome{Start: "GET A.Example|/b| false"},
	},
	"has an absolute target without a path": {
		raw:  target("GET", "http://a.example"),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"has an absolute target with only a query": {
		raw:  target("GET", "http://a.example?b/c"),
		want: outcome{Start: "GET a.example|/|b/c true"},
	},
	"has an absolute target in HTTP/1.0 without Host": {
		raw:  "GET http://a.example/b HTTP/1.0\r\n\r\n",
		want: outcome{Start: "GET a.example|/b| false", Flags: "1.0 close"},
	},
	"asks for the options of the server": {
		raw:  target("OPTIONS", "*"),
		want: outcome{Start: "OPTIONS a.example|*| false"},
	},
	"asks for the options of the server in absolute form": {
		raw:  target("OPTIONS", "http://a.example"),
		want: outcome{Start: "OPTIONS a.example|*| false"},
	},
	"asks for a tunnel": {
		raw:  "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\nrest",
		want: outcome{Start: "CONNECT b.example:443|| false", Rest: "rest"},
	},
	"names a port": {
		raw:  hosted(" a.example:8080"),
		want: outcome{Start: "GET a.example:8080|/| false"},
	},
	"names an IPv6 address": {
		raw:  hosted("[2001:db8::1]:65535\t"),
		want: outcome{Start: "GET [2001:db8::1]:65535|/| false"},
	},
	"names an IPv6 address without a port": {
		raw:  hosted(" [::1]"),
		want: outcome{Start: "GET [::1]|/| false"},
	},
	"has a method of its own": {
		raw:  target("M-SEARCH", "/"),
		want: outcome{Start: "M-SEARCH a.example|/| false"},
	},
	"is of a higher minor version": {
		raw:  "GET / HTTP/1.9\r\n" + host + "\r\n",
		want: outcome{Start: "GET a.example|/| false"},
	},
	"is of HTTP/1.0 without Host": {
		raw:  "GET / HTTP/1.0\r\n\r\n",
		want: outcome{Start: "GET |/| false", Flags: "1.0 close"},
	},
	"is of HTTP/1.0 and keeps the connection": {
		raw:  "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		want: outcome{Start: "GET |/| false", Flags: "1.0"},
	},
	"is of HTTP/1.0 with Expect and Upgrade": {
		raw:  "POST / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
		want: outcome{Start: "POST |/| false", Length: 1, Flags: "1.0 close", Body: "x"},
	},
	"asks for a close": {
		raw:  get("Connection: keep-alive , Close\r\n"),
		want: outcome{Start: "GET a.example|/| false", Flags: "close"},
	},
	"asks for a close in a second line": {
		raw:  get("Connection: keep-alive\r\nConnection: close\r\n"),
		want: outcome{Start: "GET a.example|/| false", Flags: "close"},
	},
	"has a value in whitespace": {
		raw:  get("X: \t a \t b \t \r\nY:\r\nZ:  \r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X: a \t b", "Y: ", "Z: "}},
	},
	"has a value beyond ASCII": {
		raw:  get("X: \u00e9\xff\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X: \u00e9\xff"}},
	},
	"has all token bytes in a name": {
		raw:  get("!#$%&'*+-.^`|~09azAZ: a\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"!#$%&'*+-.^`|~09azAZ: a"}},
	},
	"has names with underscores": {
		raw:  get("X_Forwarded_For: 192.0.2.1\r\nContent_Length: 5\r\nX: a\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X: a"}},
	},
	"has names with underscores that are kept": {
		raw:  get("X_Y: a\r\nX_Forwarded_For: 192.0.2.1\r\nContent-Length: 0\r\nContent_Length: 5\r\nX_Original-URL: /admin\r\nX_Forwarded_User: root\r\n"),
		lim:  &Limits{KeepUnderscores: true},
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X_Y: a"}},
	},
	"has trailers with underscores that are kept": {
		raw:  chunked("0\r\nX_Y: a\r\nX_Forwarded_For: 192.0.2.1\r\nContent_Length: 5\r\nX_Rewrite_URL: /admin\r\n\r\n"),
		lim:  &Limits{KeepUnderscores: true},
		want: outcome{Start: "POST a.example|/| false", Length: -1, Trailer: []string{"X_Y: a"}},
	},
	"has as many fields as may be": {
		raw:  get(most),
		want: outcome{Start: "GET a.example|/| false", Header: mostParsed},
	},
	"has a head as large as may be": {
		raw:  get("X: " + strings.Repeat("a", 64<<10-len(get("X: \r\n"))) + "\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X: " + strings.Repeat("a", 64<<10-len(get("X: \r\n")))}},
	},
	"nominates a field": {
		raw:  get("X-Secret: a\r\nx-secret: b\r\nConnection: X-Secret\r\nX: a\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X: a"}},
	},
	"nominates a field ahead of it": {
		raw:  get("Connection: ,close,, x ,\r\nX: a\r\n"),
		want: outcome{Start: "GET a.example|/| false", Flags: "close"},
	},
	"nominates what proxies rely on": {
		raw: get("Connection: X-Forwarded-For, x-forwarded-prefix, Forwarded, X-Real-IP, Authorization, Cookie, X-Request-ID\r\n" +
			"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Prefix: /a\r\nAuthorization: b\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Prefix: /a", "Authorization: b"}},
	},
	"has the fields of one connection": {
		raw:  get("Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: gzip;q=0.5, trailers\r\nConnection: TE\r\n"),
		want: outcome{Start: "GET a.example|/| false", Flags: "trailers"},
	},
	"announces trailers": {
		raw:  get("Trailer: X, grpc-status\r\nTrailer: X-Sum\r\n"),
		want: outcome{Start: "GET a.example|/| false", Header: []string{"Trailer: X, grpc-status", "Trailer: X-Sum"}},
	},
	"announces trailers that may not be some": {
		raw:  get("Trailer: X, Content-Length\r\nTrailer: X-Forwarded-For\r\nTrailer: a b\r\nTrailer: ,X\r\nTrailer:\r\n"),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"upgrades": {
		raw:  get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"),
		want: outcome{Start: "GET a.example|/| false", Flags: " upgrade=websocket"},
	},
	"upgrades without saying so": {
		raw:  get("Upgrade: websocket\r\n"),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"upgrades to h2c": {
		raw:  get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"upgrades to HTTP/2 by its other name": {
		raw:  get("Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n"),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"upgrades to one of several": {
		raw:  get("Connection: Upgrade\r\nUpgrade: websocket, a/1.0\r\n"),
		want: outcome{Start: "GET a.example|/| false"},
	},
	"upgrades with content": {
		raw:  post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n", "x"),
		want: outcome{Start: "POST a.example|/| false", Length: 1, Body: "x"},
	},
	"waits for 100": {
		raw:  post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x"),
		want: outcome{Start: "POST a.example|/| false", Length: 1, Flags: "expect", Body: "x"},
	},
	"waits for 100 with nothing to send": {
		raw:  post("Expect: 100-continue\r\n", ""),
		want: outcome{Start: "POST a.example|/| false"},
	},
	"has a length of 0": {
		raw:  post("Content-Length: 0\r\n", "rest"),
		want: outcome{Start: "POST a.example|/| false", Rest: "rest"},
	},
	"is a GET with content": {
		raw:  "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhellorest",
		want: outcome{Start: "GET a.example|/| false", Length: 5, Body: "hello", Rest: "rest"},
	},
	"is chunked": {
		raw:  chunked("5\r\nhello\r\n0006\r\n world\r\n0\r\n\r\nrest"),
		want: outcome{Start: "POST a.example|/| false", Length: -1, Body: "hello world", Rest: "rest"},
	},
	"is chunked in another case": {
		raw:  post("transfer-ENCODING: \tChunked\t\r\n", "A\r\n0123456789\r\n00\r\n\r\n"),
		want: outcome{Start: "POST a.example|/| false", Length: -1, Body: "0123456789"},
	},
	"is chunked with extensions": {
		raw:  chunked("5;a;b=c;d=\"e;\\\" f\"\r\nhello\r\n0;x\r\n\r\n"),
		want: outcome{Start: "POST a.example|/| false", Length: -1, Body: "hello"},
	},
	"is chunked without content": {
		raw:  chunked("0\r\n\r\n"),
		want: outcome{Start: "POST a.example|/| false", Length: -1},
	},
	"is chunked with a large chunk": {
		raw:  chunked("186a0\r\n" + strings.Repeat("x", 100_000) + "\r\n0\r\n\r\n"),
		want: outcome{Start: "POST a.example|/| false", Length: -1, Body: strings.Repeat("x", 100_000)},
	},
	"has a trailer section": {
		raw:  chunked("1\r\nx\r\n0\r\nX-Sum: 1\r\nGrpc-Status: 0\r\n\r\nrest"),
		want: outcome{Start: "POST a.example|/| false", Length: -1, Body: "x", Trailer: []string{"X-Sum: 1", "Grpc-Status: 0"}, Rest: "rest"},
	},
	"has a trailer section of what may not stand there": {
		raw: chunked("0\r\nSet-Cookie: a\r\nExpect: a\r\nDate: a\r\nVia: a\r\n" +
			"Cache-Control: a\r\nIf-Match: a\r\nContent-Type: a\r\nContent-Encoding: a\r\nRange: a\r\nX_Y: a\r\nX-Ok: a\r\n\r\n"),
		want: outcome{Start: "POST a.example|/| false", Length: -1, Trailer: []string{"X-Ok: a"}},
	},
}

func TestAcceptsEachRequestThat(t *testing.T) {
	for name, tt := range acceptedRequests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, readRequest(tt.lim, 1<<10, tt.raw)); diff != "" {
				t.Errorf("in one piece (-want +got):\n%s", diff)
			}
			got := readRequest(tt.lim, 1, bytewise(tt.raw)...)
			want := tt.want
			want.Rest, got.Rest = "", ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
			if len(tt.raw) > 2000 {
				return
			}
			for cut := range len(tt.raw) {
				got := readRequest(tt.lim, 3, tt.raw[:cut], tt.raw[cut:])
				if got.Rest = ""; !cmp.Equal(want, got) {
					t.Fatalf("cut at byte %d (-want +got):\n%s", cut, cmp.Diff(want, got))
				}
			}
		})
	}
}

var acceptedResponses = map[string]struct {
	method, raw string
	want        outcome
}{
	"has a length": {
		"GET", status("HTTP/1.1 200 OK", "Content-Length: 5\r\nX: a\r\n", "hello"),
		outcome{Start: "200", Header: []string{"X: a"}, Length: 5, Body: "hello", Reusable: true},
	},
	"has a length and surplus bytes": {
		"GET", status("HTTP/1.1 200 OK", "Content-Length: 5\r\n", "hellorest"),
		outcome{Start: "200", Length: 5, Body: "hello", Rest: "rest"},
	},
	"has a length of 0": {
		"GET", status("HTTP/1.1 200 OK", "Content-Length: 0\r\n", ""),
		outcome{Start: "200", Reusable: true},
	},
	"is chunked with a trailer": {
		"GET", status("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\nTrailer: X\r\n", "1\r\nx\r\n0\r\nX: a\r\nSet-Cookie: b\r\n\r\n"),
		outcome{Start: "200", Length: -1, Body: "x", Header: []string{"Trailer: X"}, Trailer: []string{"X: a"}, Reusable: true},
	},
	"announces trailers that may not be some": {
		"GET", status("HTTP/1.1 200 OK", "Content-Length: 0\r\nTrailer: Set-Cookie\r\n", ""),
		outcome{Start: "200", Reusable: true},
	},
	"ends with the connection": {
		"GET", status("HTTP/1.1 200 OK", "", "hello"),
		outcome{Start: "200", Length: -1, Flags: "close", Body: "hello"},
	},
	"ends with the connection in HTTP/1.0": {
		"GET", status("HTTP/1.0 200 OK", "Connection: keep-alive\r\n", "hello"),
		outcome{Start: "200", Length: -1, Flags: "1.0 close", Body: "hello"},
	},
	"keeps the connection in HTTP/1.0": {
		"GET", status("HTTP/1.0 200 OK", "Connection: keep-alive\r\nContent-Length: 1\r\n", "x"),
		outcome{Start: "200", Length: 1, Flags: "1.0", Body: "x", Reusable: true},
	},
	"closes": {
		"GET", status("HTTP/1.1 200 OK", "Connection: close\r\nContent-Length: 1\r\n", "x"),
		outcome{Start: "200", Length: 1, Flags: "close", Body: "x"},
	},
	"has no reason": {
		"GET", status("HTTP/1.1 200 ", "Content-Length: 0\r\n", ""),
		outcome{Start: "200", Reusable: true},
	},
	"has no reason and no space before it": {
		"GET", status("HTTP/1.1 200", "Content-Length: 0\r\n", ""),
		outcome{Start: "200", Reusable: true},
	},
	"has a reason beyond ASCII": {
		"GET", status("HTTP/1.1 404 Pas trouv\u00e9", "Content-Length: 0\r\n", ""),
		outcome{Start: "404", Reusable: true},
	},
	"has a status that nobody knows": {
		"GET", status("HTTP/1.1 999 What", "Content-Length: 0\r\n", ""),
		outcome{Start: "999", Reusable: true},
	},
	"keeps underscores in names": {
		"GET", status("HTTP/1.1 200 OK", "X_Y: a\r\nContent-Length: 0\r\n", ""),
		outcome{Start: "200", Header: []string{"X_Y: a"}, Reusable: true},
	},
	"keeps underscores in names of trailers": {
		"GET", status("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", "0\r\nX_Y: a\r\n\r\n"),
		outcome{Start: "200", Length: -1, Trailer: []string{"X_Y: a"}, Reusable: true},
	},
	"answers HEAD": {
		"HEAD", status("HTTP/1.1 200 OK", "Content-Length: 5\r\n", ""),
		outcome{Start: "200", Length: 5, Flags: "nobody", Reusable: true},
	},
	"answers HEAD with content all the same": {
		"HEAD", status("HTTP/1.1 200 OK", "Content-Length: 5\r\n", "hello"),
		outcome{Start: "200", Length: 5, Flags: "nobody", Rest: "hello"},
	},
	"answers HEAD without a length": {
		"HEAD", status("HTTP/1.1 200 OK", "", ""),
		outcome{Start: "200", Length: -1, Flags: "nobody", Reusable: true},
	},
	"answers HEAD and would be chunked": {
		"HEAD", status("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", ""),
		outcome{Start: "200", Length: -1, Flags: "nobody", Reusable: true},
	},
	"is not modified": {
		"GET", status("HTTP/1.1 304 Not Modified", "Content-Length: 5\r\nETag: \"a\"\r\n", ""),
		outcome{Start: "304", Header: []string{"ETag: \"a\""}, Length: 5, Flags: "nobody", Reusable: true},
	},
	"has no content": {
		"GET", status("HTTP/1.1 204 No Content", "", ""),
		outcome{Start: "204", Flags: "nobody", Reusable: true},
	},
	"has no content and a length of 0": {
		"GET", status("HTTP/1.1 204 No Content", "Content-Length: 0\r\n", ""),
		outcome{Start: "204", Flags: "nobody", Reusable: true},
	},
	"has no content and a length": {
		"GET", status("HTTP/1.1 204 No Content", "Content-Length: 5\r\n", "hello"),
		outcome{Start: "204", Flags: "close nobody", Rest: "hello"},
	},
	"has no content in chunks": {
		"GET", status("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
		outcome{Start: "204", Flags: "close nobody", Rest: "0\r\n\r\n"},
	},
	"is informational": {
		"GET", status("HTTP/1.1 103 Early Hints", "Link: a\r\n", "HTTP/1.1 200"),
		outcome{Start: "103", Header: []string{"Link: a"}, Flags: "nobody", Rest: "HTTP/1.1 200"},
	},
	"switches protocols": {
		"GET", status("HTTP/1.1 101 Switching Protocols", "Connection: upgrade\r\nUpgrade: websocket\r\n", "\x81\x00"),
		outcome{Start: "101", Flags: "nobody upgrade=websocket", Rest: "\x81\x00"},
	},
	"accepts a tunnel": {
		"CONNECT", status("HTTP/1.1 200 OK", "", "bytes"),
		outcome{Start: "200", Flags: "nobody", Rest: "bytes"},
	},
	"refuses a tunnel": {
		"CONNECT", status("HTTP/1.1 403 Forbidden", "Content-Length: 2\r\n", "no"),
		outcome{Start: "403", Length: 2, Body: "no", Reusable: true},
	},
	"nominates a field": {
		"GET", status("HTTP/1.1 200 OK", "Connection: X\r\nX: a\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n", ""),
		outcome{Start: "200", Reusable: true},
	},
}

func TestAcceptsEachResponseThat(t *testing.T) {
	for name, tt := range acceptedResponses {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, readResponse(tt.method, 1<<10, tt.raw)); diff != "" {
				t.Errorf("in one piece (-want +got):\n%s", diff)
			}
			want := tt.want
			want.Rest, want.Reusable = "", false // What was read ahead differs.
			for cut := range len(tt.raw) {
				got := readResponse(tt.method, 3, tt.raw[:cut], tt.raw[cut:])
				if got.Rest, got.Reusable = "", false; !cmp.Equal(want, got) {
					t.Fatalf("cut at byte %d (-want +got):\n%s", cut, cmp.Diff(want, got))
				}
			}
		})
	}
}
