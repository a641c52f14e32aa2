package proxy_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// matrixRows are the behaviours by name.
var matrixRows = joinRows(headRows, bodyRows, failureRows, timeRows, grpcRows, tunnelRows, endRows)

func joinRows(all ...map[string]*matrixRow) map[string]*matrixRow {
	rows := make(map[string]*matrixRow)
	for _, some := range all {
		for name, row := range some {
			rows[name] = row
		}
	}
	return rows
}

// pattern is content that no part of another offset looks like.
func pattern(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// long is a value of that size.
func long(size int) string { return strings.Repeat("v", size) }

// headRows are about the heads of requests and responses.
var headRows = map[string]*matrixRow{
	"HEAD is answered without content": {
		serve: func(_ *pairing, s *arrival) {
			if s.method == http.MethodHead {
				s.last(200, "content-length", "5", "x-a", "1")
				return
			}
			s.ok("hello")
		},
		play: func(m *pairing) {
			for range 2 {
				m.settle()
				g := m.ask(asked{method: http.MethodHead})
				m.is(g, 200, "")
				if g.ContentLength != 5 || g.Header.Get("X-A") != "1" {
					m.Errorf("got length %d, %v", g.ContentLength, g.Header)
				}
				m.settle()
				m.is(m.ask(asked{}), 200, "hello")
			}
			m.used(1)
		},
	},
	"responses without content stay so": {
		serve: func(_ *pairing, s *arrival) {
			switch s.target {
			case "/304":
				s.last(304, "etag", `"x"`)
			case "/205":
				s.head(205, 0)
				s.finish()
			default:
				s.last(204)
			}
		},
		play: func(m *pairing) {
			for _, status := range []int{204, 304, 205, 204} {
				m.settle()
				g := m.ask(asked{path: fmt.Sprint("/", status), header: http.Header{"If-None-Match": {`"x"`}}})
				m.is(g, status, "")
				if l := g.Header.Get("Content-Length"); status == 204 && l != "" {
					m.Errorf("%d has the length %q", status, l)
				}
			}
			m.used(1)
		},
	},
	"large heads pass, and those that are too large do not": {
		serve: func(_ *pairing, s *arrival) {
			size := 0
			for i := range 3 {
				size += len(s.field(fmt.Sprint("x-large-", i)))
			}
			fields := []string{"x-size", fmt.Sprint(size)}
			if s.target == "/large" {
				fields = append(fields, "x-a", long(20000), "x-b", long(20000), "x-c", long(20000))
			}
			if s.target == "/too-large" {
				fields = append(fields, "x-a", long(20000), "x-b", long(60000))
			}
			if s.target == "/giant" {
				fields = append(fields, "x-a", long(500_000))
			}
			s.last(204, fields...)
		},
		play: func(m *pairing) {
			large := http.Header{"X-Large-0": {long(20000)}, "X-Large-1": {long(20000)}, "X-Large-2": {long(20000)}}
			g := m.ask(asked{path: "/large", header: large.Clone()})
			m.is(g, 204, "")
			if g.Header.Get("X-Size") != "60000" || len(g.Header.Get("X-A")+g.Header.Get("X-B")+g.Header.Get("X-C")) != 60000 {
				m.Errorf("a part of a head is lost: %.200v", g.Header)
			}
			m.settle()
			m.refused(m.ask(asked{path: "/too-large"}), 502, "endpoint_invalid_response")
			m.used(1)
			m.refused(m.ask(asked{path: "/giant"}), 502, "endpoint_invalid_response")
			large["X-Large-1"] = []string{long(60000)}
			g = m.ask(asked{header: large})
			// A client of HTTP/2 that was told of the bound may keep to it.
			if g.err == nil || !strings.Contains(g.err.Error(), "larger than peer's advertised limit") {
				m.refused(g, 431, "refused_head-too-large")
			}
			m.is(m.ask(asked{}), 204, "")
		},
	},
	"early hints come before the answer": {
		serve: func(m *pairing, s *arrival) {
			s.interim(100)
			s.interim(103, "link", "</a>")
			<-m.proceed
			s.interim(103, "link", "</b>", "x-other", "1")
			s.ok("ok")
		},
		play: func(m *pairing) {
			go func() { m.proceed <- struct{}{} }()
			g := m.ask(asked{})
			m.is(g, 200, "ok")
			if want := []string{"103 </a>", "103 </b>"}; !slices.Equal(g.hints, want) {
				m.Errorf("got %q, want %q", g.hints, want)
			}
			if g.Header.Get("Link") != "" {
				m.Errorf("a hint is in the answer: %v", g.Header)
			}
		},
	},
	"an expectation is met once, and not passed on": {
		change: func(_ *ir.Config, r *ir.Route) { r.MaxBodyBytes = 10 },
		serve: func(m *pairing, s *arrival) {
			body, err := io.ReadAll(s.body)
			m.tell("%q %q %v", s.field("expect"), body, err)
			s.ok("ok")
		},
		play: func(m *pairing) {
			expect := http.Header{"Expect": {"100-continue"}}
			m.is(m.ask(asked{method: "POST", header: expect.Clone(), body: strings.NewReader("hello"), length: 5}), 200, "ok")
			m.wants(`"" "hello" <nil>`)
			// What is refused is refused without a 100: a client that waits for it sends nothing.
			g := m.ask(asked{method: "POST", header: expect.Clone(), body: bytes.NewReader(make([]byte, 11)), length: 11})
			m.refused(g, 413, "body_too_large")
			if len(g.hints) > 0 {
				m.Errorf("got %q", g.hints)
			}
			g = m.ask(asked{method: "POST", header: http.Header{"Expect": {"a-wonder"}}, body: strings.NewReader("x"), length: 1})
			m.refused(g, 417, "refused_expectation")
		},
	},
	"fields of a connection go no further": {
		serve: func(m *pairing, s *arrival) {
			var names []string
			for _, name := range []string{"x-hop", "connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings", "x-end"} {
				if v := s.field(name); v != "" {
					names = append(names, name+"="+v)
				}
			}
			m.tell("%q", names)
			if isHTTP1(m.endpoint) {
				s.head(200, 2, "Connection", "X-Hop, keep-alive", "X-Hop", "1", "Keep-Alive", "timeout=5", "Proxy-Connection", "x", "X-End", "1")
			} else {
				s.head(200, 2, "x-end", "1")
			}
			_ = s.write([]byte("ok"))
			s.finish()
		},
		play: func(m *pairing) {
			header := http.Header{"X-End": {"1"}, "Te": {"trailers"}}
			if isHTTP1(m.speaks) {
				header = http.Header{
					"X-End": {"1"}, "Connection": {"X-Hop, TE"}, "X-Hop": {"1"}, "Keep-Alive": {"5"}, "Proxy-Connection": {"x"},
					"Te": {"gzip, trailers"}, "Http2-Settings": {"AAMAAABk"},
				}
			}
			g := m.ask(asked{header: header})
			m.is(g, 200, "ok")
			for _, name := range []string{"X-Hop", "Keep-Alive", "Proxy-Connection"} {
				if g.Header.Get(name) != "" {
					m.Errorf("got %v", g.Header)
				}
			}
			if g.Header.Get("X-End") != "1" {
				m.Errorf("got %v", g.Header)
			}
			if isHTTP1(m.endpoint) {
				m.wants(`["connection=TE" "te=trailers" "x-end=1"]`)
			} else {
				m.wants(`["te=trailers" "x-end=1"]`)
			}
		},
	},
	"the endpoint learns of the client": {
		serve: func(m *pairing, s *arrival) {
			for _, name := range []string{"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded", "x_forwarded_for"} {
				m.tell("%s", s.field(name))
			}
			m.tell("%s %s", s.host, s.target)
			s.ok("ok")
		},
		play: func(m *pairing) {
			m.is(m.ask(asked{host: "h:8443", path: "/a/./b/../c?x=%2F;y", header: http.Header{
				"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Proto": {"gopher"}, "X-Forwarded-Host": {"evil"}, "X-Forwarded-Port": {"1"},
				"X-Real-Ip": {"1.2.3.4"}, "Forwarded": {"for=1.2.3.4"}, "X_forwarded_for": {"1.2.3.4"},
			}}), 200, "ok")
			address := <-m.told
			if !strings.HasPrefix(address, "10.0.") && !strings.HasPrefix(address, "127.0.0.1") {
				m.Errorf("the client is %q", address)
			}
			for _, want := range []string{m.scheme, "h:8443", "8443", address, "", "", "h:8443 /a/c?x=%2F;y"} {
				m.wants(want)
			}
		},
	},
	"a cookie in crumbs is joined": {
		clients: isMultiplexed,
		serve:   func(m *pairing, s *arrival) { m.tell("%s", s.field("cookie")); s.ok("ok") },
		play: func(m *pairing) {
			m.is(m.ask(asked{header: http.Header{"Cookie": {"a=1", "b=2; c=3", "d=4"}}}), 200, "ok")
			m.wants("a=1; b=2; c=3; d=4")
		},
	},
	"fields keep their lines and bytes": {
		serve: func(m *pairing, s *arrival) {
			m.tell("%q %q %q", s.field("x-many"), s.field("x-bytes"), s.field("x-empty"))
			s.last(204, "Set-Cookie", "a=1; Path=/", "Set-Cookie", "b=2", "X-Bytes", "caf\xc3\xa9 \xff \t\"q\"", "X-Empty", "", "X_Under", "1")
		},
		play: func(m *pairing) {
			g := m.ask(asked{header: http.Header{"X-Many": {"a, b", "c"}, "X-Bytes": {"caf\xc3\xa9 \xff \t\"q\""}, "X-Empty": {""}}})
			m.is(g, 204, "")
			m.wants(fmt.Sprintf("%q %q %q", "a, b|c", "caf\xc3\xa9 \xff \t\"q\"", ""))
			if c := g.Header.Values("Set-Cookie"); !slices.Equal(c, []string{"a=1; Path=/", "b=2"}) {
				m.Errorf("got cookies %q", c)
			}
			if g.Header.Get("X-Bytes") != "caf\xc3\xa9 \xff \t\"q\"" || len(g.Header.Values("X_Under")) != 1 || len(g.Header["X-Empty"]) != 1 {
				m.Errorf("got %q", g.Header)
			}
		},
	},
	"a whole server may be asked for its options": {
		serve: func(m *pairing, s *arrival) { m.tell("%s %s", s.method, s.target); s.last(204) },
		play: func(m *pairing) {
			m.is(m.ask(asked{method: http.MethodOptions, path: "*"}), 204, "")
			m.wants("OPTIONS *")
		},
	},
}

// bodyRows are about bodies and trailers.
var bodyRows = map[string]*matrixRow{
	"large bodies go both ways at once, whole": {
		serve: func(m *pairing, s *arrival) {
			sum := sha256.New()
			s.head(200, -1)
			buf := make([]byte, 32<<10)
			for {
				n, err := s.body.Read(buf)
				sum.Write(buf[:n])
				if n > 0 && s.write(buf[:n]) != nil {
					return
				}
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					m.tell("%v", err)
					return
				}
			}
			s.finish("x-sum", fmt.Sprintf("%x", sum.Sum(nil)))
		},
		play: func(m *pairing) {
			want := pattern(300 << 10)
			for _, length := range []int64{int64(len(want)), -1} {
				g := m.ask(asked{method: "POST", body: bytes.NewReader(want), length: length, header: http.Header{"Te": {"trailers"}}})
				m.is(g, 200, string(want))
				if sum := fmt.Sprintf("%x", sha256.Sum256(want)); g.Trailer.Get("X-Sum") != sum {
					m.Errorf("the endpoint saw %q, not %s", g.Trailer, sum)
				}
			}
		},
	},
	"trailers go both ways, and what they may not say does not": {
		serve: func(m *pairing, s *arrival) {
			body, err := io.ReadAll(s.body)
			m.tell("%s %v %v", body, err, s.trailer())
			s.head(200, -1)
			_ = s.write([]byte("ok"))
			s.finish("x-sum", "1", "cache-control", "no-store", "server-timing", "a", "x-sum", "2")
		},
		play: func(m *pairing) {
			g := m.ask(asked{
				method: "POST", body: strings.NewReader("body"), length: -1, header: http.Header{"Te": {"trailers"}},
				trailer: http.Header{"X-Client": {"1"}, "Cache-Control": {"x"}},
			})
			m.is(g, 200, "ok")
			m.wants("body <nil> map[X-Client:[1]]")
			if t := fmt.Sprint(g.Trailer); t != "map[Server-Timing:[a] X-Sum:[1 2]]" {
				m.Errorf("got trailers %s", t)
			}
		},
	},
	"an answer ahead of the body is passed on at once": {
		serve: func(m *pairing, s *arrival) {
			s.head(200, 2)
			_ = s.write([]byte("ok"))
			<-m.proceed
			body, err := io.ReadAll(s.body)
			m.tell("%d %v", len(body), err)
			s.finish()
		},
		play: func(m *pairing) {
			pr, pw := io.Pipe()
			sending := make(chan error, 1)
			go func() {
				_, err := pw.Write([]byte("first"))
				sending <- err
			}()
			g := m.begin(asked{method: "POST", body: pr, length: 8})
			if g.err != nil || g.StatusCode != 200 {
				m.Fatalf("got %v, %v", g.Response, g.err)
			}
			if err := <-sending; err != nil {
				m.Error(err)
			}
			if _, err := pw.Write([]byte("end")); err != nil {
				m.Error(err)
			}
			pw.Close()
			close(m.proceed)
			answer := make([]byte, 2) // A client that closes the response gives up the request.
			if _, err := io.ReadFull(g.Body, answer); err != nil || string(answer) != "ok" {
				m.Errorf("got %q, %v", answer, err)
			}
			m.wants("8 <nil>")
			g.Body.Close()
		},
	},
	"a body that is not wanted is not waited for": {
		serve: func(_ *pairing, s *arrival) { s.leave(); s.ok("no") },
		play: func(m *pairing) {
			pr, pw := io.Pipe()
			go func() { _, _ = pw.Write(make([]byte, 64<<10)) }() // And then nothing.
			g := m.ask(asked{method: "POST", body: pr, length: -1})
			pr.Close()
			m.is(g, 200, "no")
			m.is(m.ask(asked{}), 200, "no")
		},
	},
	"a body shorter than it says is never complete": {
		serve: func(m *pairing, s *arrival) {
			if _, err := io.ReadFull(s.body, make([]byte, 4)); err != nil {
				m.tell("%v", err)
			}
			close(m.proceed)
			_, err := io.Copy(io.Discard, s.body)
			m.tell("%v", err != nil)
			s.ok("ok")
		},
		play: func(m *pairing) {
			pr, pw := io.Pipe()
			go func() {
				_, _ = pw.Write([]byte("some"))
				<-m.proceed
				pw.CloseWithError(errors.New("no more"))
			}()
			if g := m.ask(asked{method: "POST", body: pr, length: 100}); g.err == nil && g.StatusCode != 400 {
				m.Errorf("got %v", g.Response)
			}
			m.wants("true")
		},
	},
	"a response shorter than it says is never complete": {
		serve: func(_ *pairing, s *arrival) {
			s.head(200, 10)
			_ = s.write([]byte("half"))
			s.finish()
			if o, one := s.answer.(*answerOne); one {
				o.hangUp()
			}
		},
		play: func(m *pairing) {
			if g := m.ask(asked{}); g.err == nil {
				m.Errorf("got %q", g.body)
			}
		},
	},
	"a response longer than it says harms no other": {
		serve: func(_ *pairing, s *arrival) {
			const more = "okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
			if one, is := s.answer.(*answerOne); is {
				// In one piece: nobody can ask a connection in memory what it still holds.
				one.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + more)
				one.over = false
				return
			}
			s.head(200, 2)
			_ = s.write([]byte(more))
			s.finish()
		},
		play: func(m *pairing) {
			for range 3 {
				if g := m.ask(asked{}); g.err == nil && g.body != "ok" {
					m.Errorf("got %q", g.body)
				}
			}
		},
	},
	"a body beyond the bound is refused": {
		change: func(_ *ir.Config, r *ir.Route) { r.MaxBodyBytes = 3 },
		serve:  func(_ *pairing, s *arrival) { _, _ = io.Copy(io.Discard, s.body) },
		play: func(m *pairing) {
			for _, length := range []int64{4, -1} {
				m.refused(m.ask(asked{method: "POST", body: strings.NewReader("four"), length: length}), 413, "body_too_large")
			}
		},
	},
	"trailers that forge a request are refused": {
		serve: func(m *pairing, s *arrival) {
			if _, err := io.Copy(io.Discard, s.body); err == nil {
				m.Error("the endpoint got all of the request")
				s.ok("ok")
			}
		},
		play: func(m *pairing) {
			for _, name := range []string{"X-Forwarded-For", "X-Real-Ip"} { // A client's library lets them pass.
				g := m.ask(asked{method: "POST", body: strings.NewReader("body"), length: -1, trailer: http.Header{name: {"x"}}})
				if g.err == nil && g.StatusCode != 400 {
					m.Errorf("%s: got %v", name, g.Response)
				}
			}
		},
	},
	"a body that is kept is sent again whole": {
		instances: 2,
		change: func(_ *ir.Config, r *ir.Route) {
			r.BufferRequest, r.Retry = true, ir.Retry{Own: true, Attempts: 1, OnReset: true}
		},
		serve: func(m *pairing, s *arrival) {
			sum := sha256.New()
			n, err := io.Copy(sum, s.body)
			if s.n == 1 {
				s.reset()
				return
			}
			s.ok(fmt.Sprintf("%s %d %v %x", s.field("content-length"), n, err, sum.Sum(nil)))
		},
		play: func(m *pairing) {
			data := pattern(100 << 10)
			want := fmt.Sprintf("102400 102400 <nil> %x", sha256.Sum256(data))
			m.is(m.ask(asked{method: "PUT", body: bytes.NewReader(data), length: -1}), 200, want)
		},
	},
	"an endpoint that does not read holds the client up": {
		timed:     true,    // Sockets of a kernel take what they like.
		endpoints: isHTTP1, // The other one answers for its window at once.
		serve:     func(m *pairing, _ *arrival) { <-m.proceed },
		play: func(m *pairing) {
			ctx, cancel := context.WithCancel(m.Context())
			pr, pw := io.Pipe()
			var taken atomic.Int64
			go func() {
				part := make([]byte, 16<<10)
				for {
					n, err := pw.Write(part)
					if taken.Add(int64(n)); err != nil {
						return
					}
				}
			}()
			ended := make(chan error, 1)
			go func() { ended <- m.ask(asked{method: "POST", body: pr, length: -1, ctx: ctx}).err }()
			m.settle()
			if n := taken.Load(); n < 16<<10 || n > 1<<20 {
				m.Errorf("%d bytes were taken from the client", n)
			}
			cancel()
			pr.Close()
			close(m.proceed)
			if err := <-ended; err == nil {
				m.Error("it is answered")
			}
		},
	},
	"a response without a length ends with its connection": {
		endpoints: isHTTP1,
		serve: func(_ *pairing, s *arrival) {
			s.answer.(*answerOne).raw("HTTP/1." + s.target[1:] + " 200 OK\r\nConnection: close\r\n\r\nbody")
		},
		play: func(m *pairing) {
			m.is(m.ask(asked{path: "/0"}), 200, "body")
			m.is(m.ask(asked{path: "/1"}), 200, "body")
		},
	},
	"a client that has sent all may close its half": {
		clients: isHTTP1,
		serve: func(_ *pairing, s *arrival) {
			body, _ := io.ReadAll(s.body)
			s.ok(string(body))
		},
		play: func(m *pairing) {
			nc := m.dial()
			if _, err := io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"); err != nil {
				m.Fatal(err)
			}
			if err := nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				m.Fatal(err)
			}
			answer, err := io.ReadAll(nc)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(answer), "\r\n\r\nbody") {
				m.Errorf("got %q, %v", answer, err)
			}
		},
	},
	"pipelined requests are answered in order": {
		clients: isHTTP1,
		serve: func(_ *pairing, s *arrival) {
			body, _ := io.ReadAll(s.body)
			s.ok(s.target + string(body))
		},
		play: func(m *pairing) {
			nc := m.dial()
			go func() {
				for i := range 10 {
					_, _ = fmt.Fprintf(nc, "POST /%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n%d\r\n0\r\n\r\n", i, i)
				}
				_, _ = io.WriteString(nc, "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			}()
			answer, err := io.ReadAll(nc)
			if err != nil {
				m.Fatal(err)
			}
			var order []string
			for part := range strings.SplitSeq(string(answer), "\r\n\r\n") {
				body, _, _ := strings.Cut(part, "HTTP/1.1 ")
				order = append(order, body)
			}
			want := " /00 /11 /22 /33 /44 /55 /66 /77 /88 /99 /end"
			if got := strings.Join(order, " "); got != want {
				m.Errorf("got %q, want %q", got, want)
			}
		},
	},
}

// brokenLines are lines of HTTP/1.1, and brokenFields fields of HTTP/2, that no response may have.
var (
	brokenLines = []string{
		"X-A: a\rX-Evil: 1\r\n", "X-A: a\x00b\r\n", "X A: 1\r\n", "X-A : 1\r\n", "X-A: 1\r\n folded\r\n", ": 1\r\n",
		"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n", "X-A: 1\n",
	}
	brokenFields = [][2]string{
		{"x-a", "a\r\nX-Evil: 1"}, {"x-a", "a\x00b"}, {"x a", "1"}, {"", "1"}, {"x-a", " 1"}, {"connection", "close"}, {"transfer-encoding", "chunked"},
		{"keep-alive", "5"}, {"upgrade", "x"}, {":status", "200"}, {":path", "/"}, {"content-length", "5"}, {"content-length", "x"},
	}
)

// failureRows are about what breaks.
var failureRows = map[string]*matrixRow{
	"a connection that closed while it was idle costs no request": {
		serve: func(_ *pairing, s *arrival) {
			_, _ = io.Copy(io.Discard, s.body)
			s.ok("ok")
			if s.n%2 == 1 {
				s.hangUp()
			}
		},
		play: func(m *pairing) {
			for i := range 6 {
				// A method that is not safe to repeat is no matter, where the close was seen before the request.
				a := asked{method: "POST"}
				if !m.bubble || i%2 == 0 {
					a = asked{}
				}
				m.is(m.ask(a), 200, "ok")
				m.settle()
			}
		},
	},
	"a request that a closing connection swallowed is sent again where that is safe": {
		serve: func(m *pairing, s *arrival) {
			_, _ = io.Copy(io.Discard, s.body)
			if s.n == 2 || s.n == 4 {
				s.hangUp()
				return
			}
			s.ok(fmt.Sprint(s.n))
		},
		play: func(m *pairing) {
			m.is(m.ask(asked{}), 200, "1")
			m.is(m.ask(asked{method: http.MethodDelete}), 200, "3")
			m.refused(m.ask(asked{method: "POST"}), 502, "endpoint_closed")
			m.is(m.ask(asked{}), 200, "5")
		},
	},
	"an endpoint that says farewell in mid-stream loses nothing": {
		serve: func(m *pairing, s *arrival) {
			if s.target == "/" {
				s.ok("next")
				return
			}
			s.leave()
			s.head(200, -1)
			_ = s.write([]byte("first "))
			<-m.proceed
			_ = s.write([]byte("second"))
			s.finish()
		},
		play: func(m *pairing) {
			g := m.begin(asked{path: "/leaving"})
			if g.err != nil {
				m.Fatal(g.err)
			}
			m.settle()
			m.is(m.ask(asked{method: "POST"}), 200, "next")
			close(m.proceed)
			m.is(g.rest(), 200, "first second")
			m.settle()
			m.is(m.ask(asked{method: "POST"}), 200, "next")
			m.used(2)
		},
	},
	"a reset ahead of the head is hidden where that is safe, and one behind it is told": {
		serve: func(_ *pairing, s *arrival) {
			switch {
			case s.target == "/before" && s.n == 1, s.method == "POST":
				s.reset()
			case s.target == "/behind":
				s.head(200, 10)
				_ = s.write([]byte("half"))
				s.reset()
			case s.target == "/behind-chunked":
				s.head(200, -1)
				_ = s.write([]byte("half"))
				s.reset()
			default:
				s.ok("ok")
			}
		},
		play: func(m *pairing) {
			m.is(m.ask(asked{path: "/before"}), 200, "ok")
			m.refused(m.ask(asked{method: "POST", path: "/before"}), 502, "endpoint_closed")
			for _, path := range []string{"/behind", "/behind-chunked"} {
				if g := m.ask(asked{path: path}); g.err == nil {
					m.Errorf("%s: got %q as if it were all", path, g.body)
				}
			}
			m.is(m.ask(asked{}), 200, "ok")
		},
	},
	"another endpoint is tried": {
		instances: 2,
		change: func(_ *ir.Config, r *ir.Route) {
			r.Retry = ir.Retry{Own: true, Attempts: 1, OnConnect: true, OnReset: true, Statuses: []int{503}}
		},
		serve: func(_ *pairing, s *arrival) {
			_, _ = io.Copy(io.Discard, s.body)
			switch {
			case s.endpoint == 1:
				s.ok("ok")
			case s.target == "/status":
				s.head(503, 2)
				_ = s.write([]byte("no"))
				s.finish()
			default:
				s.reset()
			}
		},
		play: func(m *pairing) {
			for range 2 {
				m.is(m.ask(asked{path: "/status"}), 200, "ok")
				m.is(m.ask(asked{path: "/reset", method: http.MethodPut}), 200, "ok")
			}
			m.endpoints[0].Stop()
			for range 4 {
				m.is(m.ask(asked{path: "/gone"}), 200, "ok")
			}
		},
	},
	"a response that breaks the rules is not passed on": {
		serve: func(_ *pairing, s *arrival) {
			if s.target == "/" {
				s.ok("ok")
				return
			}
			n := int(s.target[1] - 'a')
			if one, is := s.answer.(*answerOne); is {
				one.raw("HTTP/1.1 200 OK\r\n" + brokenLines[n] + "Content-Length: 0\r\n\r\n")
				return
			}
			s.last(200, brokenFields[n][:]...)
		},
		play: func(m *pairing) {
			broken := len(brokenLines)
			if !isHTTP1(m.endpoint) {
				broken = len(brokenFields)
			}
			for n := range broken {
				g := m.ask(asked{path: "/" + string(rune('a'+n))})
				m.refused(g, 502, "endpoint_invalid_response")
				if g.Header.Get("X-Evil") != "" {
					m.Errorf("case %d: got %v", n, g.Header)
				}
			}
			m.is(m.ask(asked{}), 200, "ok")
		},
	},
	"a client that goes away frees its endpoint at once": {
		clients: isMultiplexed,
		serve: func(m *pairing, s *arrival) {
			if s.target == "/streaming" {
				s.head(200, -1)
				_ = s.write([]byte("x"))
			}
			m.tell("began")
			s.awaitLeft()
			m.tell("left")
		},
		play: func(m *pairing) {
			for _, path := range []string{"/silent", "/streaming"} {
				ctx, cancel := context.WithCancel(m.Context())
				ended := make(chan error, 1)
				go func() { ended <- m.ask(asked{path: path, ctx: ctx}).err }()
				m.wants("began")
				cancel()
				if err := <-ended; err == nil {
					m.Error("it is answered")
				}
				m.wants("left")
			}
		},
	},
	"a client that goes away in a response stops it": {
		serve: func(m *pairing, s *arrival) {
			s.head(200, -1)
			for s.write(make([]byte, 8<<10)) == nil {
			}
			m.tell("stopped")
		},
		play: func(m *pairing) {
			ctx, cancel := context.WithCancel(m.Context())
			g := m.begin(asked{ctx: ctx})
			if g.err != nil {
				m.Fatal(g.err)
			}
			if _, err := io.ReadFull(g.Body, make([]byte, 1000)); err != nil {
				m.Fatal(err)
			}
			cancel()
			g.Body.Close()
			m.wants("stopped")
		},
	},
	"a client that goes away in its request tells the endpoint": {
		serve: func(m *pairing, s *arrival) {
			if _, err := io.ReadFull(s.body, make([]byte, 4)); err != nil {
				m.tell("%v", err)
			}
			m.tell("began")
			_, err := io.Copy(io.Discard, s.body)
			m.tell("left %v", err != nil)
		},
		play: func(m *pairing) {
			ctx, cancel := context.WithCancel(m.Context())
			pr, pw := io.Pipe()
			go func() { _, _ = pw.Write([]byte("some")) }()
			ended := make(chan outcome, 1)
			go func() { ended <- m.ask(asked{method: "POST", body: pr, length: -1, ctx: ctx}) }()
			m.wants("began")
			cancel()
			pr.Close()
			// What it has sent of its body may be found wanting before it is found to be gone.
			if g := <-ended; g.err == nil && g.StatusCode/100 != 4 {
				m.Errorf("it is answered %s", g.Status)
			}
			m.wants("left true")
		},
	},
	"a drain loses no exchange": {
		options: func(o *proxytest.Options) { o.Proxy.Timeouts.DrainIdle = 10 * time.Millisecond },
		serve: func(m *pairing, s *arrival) {
			if s.target == "/" {
				s.ok("ok")
				return
			}
			body := make([]byte, 4)
			_, _ = io.ReadFull(s.body, body)
			s.head(200, -1)
			_ = s.write(body)
			m.tell("began")
			rest, err := io.ReadAll(s.body)
			_ = s.write(rest)
			s.finish("x-end", fmt.Sprint(err))
		},
		play: func(m *pairing) {
			m.is(m.ask(asked{}), 200, "ok")
			pr, pw := io.Pipe()
			go func() { _, _ = pw.Write([]byte("body")) }()
			g := m.begin(asked{method: "POST", path: "/long", body: pr, length: -1, header: http.Header{"Te": {"trailers"}}})
			if g.err != nil {
				m.Fatal(g.err)
			}
			m.wants("began")
			m.k.Proxy.PrepareDrain()
			for range 3 { // The listener is still there: all that comes is served.
				m.is(m.ask(asked{}), 200, "ok")
				m.settle()
			}
			ended := make(chan error, 1)
			go func() { ended <- m.k.Proxy.Shutdown(m.Context()) }()
			m.settle()
			_, _ = pw.Write([]byte(" and rest"))
			pw.Close()
			g = g.rest()
			m.is(g, 200, "body and rest")
			if g.Trailer.Get("X-End") != "<nil>" {
				m.Errorf("got trailers %v", g.Trailer)
			}
			m.closeIdle()
			if err := <-ended; err != nil {
				m.Error(err)
			}
		},
	},
}

// closeIdle closes the client's connections that are idle.
func (m *pairing) closeIdle() {
	if c, can := m.client.(interface{ CloseIdleConnections() }); can {
		c.CloseIdleConnections()
	}
}

// timeRows are about what takes too long.
var timeRows = map[string]*matrixRow{
	"an endpoint that is too slow is given up": {
		timed: true,
		change: func(c *ir.Config, r *ir.Route) {
			first, whole, idle := *r, *r, *r
			first.ID, first.Match.Path.Value, first.Timeouts.BackendRequest = "first", "/first", 3*time.Second
			whole.ID, whole.Match.Path.Value, whole.Timeouts.Request = "whole", "/whole", 4*time.Second
			idle.ID, idle.Match.Path.Value, idle.Timeouts.Idle = "idle", "/idle", 1500*time.Millisecond
			c.RouteSets[0].Hosts[0].Routes = []ir.Route{first, whole, idle, *r}
			ir.Canonical(c)
		},
		serve: func(m *pairing, s *arrival) {
			if strings.HasSuffix(s.target, "/body") {
				s.head(200, 10)
				_ = s.write([]byte("some"))
			}
			s.awaitLeft()
			m.tell("left")
		},
		play: func(m *pairing) {
			for _, c := range []struct {
				path, reason string
				after        time.Duration
			}{
				{"/first", "endpoint_timeout", 3 * time.Second},
				{"/whole", "request_timeout", 4 * time.Second},
				{"/whole/body", "", 4 * time.Second},
				{"/idle/body", "", 1500 * time.Millisecond},
			} {
				began := time.Now()
				g := m.ask(asked{path: c.path, method: "POST"})
				if took := time.Since(began); took < c.after || took > c.after+100*time.Millisecond {
					m.Errorf("%s: it took %v", c.path, took)
				}
				if c.reason != "" {
					m.refused(g, 504, c.reason)
				} else if g.err == nil || g.body != "some" {
					m.Errorf("%s: got %q, %v", c.path, g.body, g.err)
				}
				m.wants("left")
			}
		},
	},
	"a client that stalls in its body is given up": {
		timed:  true,
		change: func(_ *ir.Config, r *ir.Route) { r.Timeouts.Idle = 1500 * time.Millisecond },
		serve: func(m *pairing, s *arrival) {
			_, err := io.Copy(io.Discard, s.body)
			m.tell("%v", err != nil)
		},
		play: func(m *pairing) {
			pr, pw := io.Pipe()
			go func() { _, _ = pw.Write([]byte("some")) }()
			began := time.Now()
			m.refused(m.ask(asked{method: "POST", body: pr, length: 100}), 408, "client_body_timeout")
			if took := time.Since(began); took < 1500*time.Millisecond || took > 3*time.Second {
				m.Errorf("it took %v", took)
			}
			pr.Close()
			m.wants("true")
		},
	},
}

// grpcRows are about gRPC, which is spoken over HTTP/2 and HTTP/3.
var grpcRows = map[string]*matrixRow{
	"gRPC unary": {
		clients: isMultiplexed,
		serve: func(m *pairing, s *arrival) {
			body, err := io.ReadAll(s.body)
			m.tell("%s %s %s %s %v", s.method, s.target, s.field("te"), s.field("grpc-timeout"), err)
			if s.target == "/s.S/None" {
				s.last(200, "content-type", "application/grpc", "grpc-status", "5", "grpc-message", "none")
				return
			}
			s.head(200, -1, "content-type", "application/grpc")
			_ = s.write(body)
			s.finish("grpc-status", "0", "grpc-status-details-bin", "AA")
		},
		play: func(m *pairing) {
			message := "\x00\x00\x00\x00\x05hello"
			header := http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {"1H"}}
			g := m.ask(asked{method: "POST", path: "/s.S/M", header: header.Clone(), body: strings.NewReader(message), length: -1})
			m.is(g, 200, message)
			if g.Trailer.Get("Grpc-Status") != "0" || g.Trailer.Get("Grpc-Status-Details-Bin") != "AA" || g.Header.Get("Content-Type") != "application/grpc" {
				m.Errorf("got %v and trailers %v", g.Header, g.Trailer)
			}
			m.wants("POST /s.S/M trailers 1H <nil>")
			if isHTTP1(m.endpoint) {
				return // It has no response that is trailers alone.
			}
			g = m.ask(asked{method: "POST", path: "/s.S/None", header: header.Clone(), body: strings.NewReader(message), length: -1})
			m.is(g, 200, "")
			if g.Header.Get("Grpc-Status") != "5" || g.Header.Get("Grpc-Message") != "none" {
				m.Errorf("got %v and trailers %v", g.Header, g.Trailer)
			}
		},
	},
	"gRPC streaming": {
		clients: isMultiplexed,
		serve: func(_ *pairing, s *arrival) {
			s.head(200, -1, "content-type", "application/grpc")
			message := make([]byte, 6)
			for {
				if _, err := io.ReadFull(s.body, message); err != nil {
					s.finish("grpc-status", "0", "x-err", err.Error())
					return
				}
				message[5]++
				if s.write(message) != nil {
					return
				}
			}
		},
		play: func(m *pairing) {
			pr, pw := io.Pipe()
			go func() { _, _ = pw.Write([]byte("\x00\x00\x00\x00\x01a")) }()
			g := m.begin(asked{
				method: "POST", path: "/s.S/M", body: pr, length: -1,
				header: http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}},
			})
			if g.err != nil {
				m.Fatal(g.err)
			}
			message := make([]byte, 6)
			for i := range byte(20) {
				if i > 0 {
					_, _ = pw.Write([]byte{0, 0, 0, 0, 1, 'a' + i})
				}
				if _, err := io.ReadFull(g.Body, message); err != nil || message[5] != 'b'+i {
					m.Fatalf("turn %d: got %q, %v", i, message, err)
				}
			}
			pw.Close()
			g = g.rest()
			m.is(g, 200, "")
			if g.Trailer.Get("Grpc-Status") != "0" || g.Trailer.Get("X-Err") != "EOF" {
				m.Errorf("got trailers %v", g.Trailer)
			}
		},
	},
	"gRPC that fails has a status": {
		clients: isMultiplexed,
		serve: func(_ *pairing, s *arrival) {
			if s.target != "/before" {
				s.head(200, -1, "content-type", "application/grpc")
				_ = s.write([]byte("\x00\x00\x00\x00\x00"))
			}
			s.reset()
		},
		play: func(m *pairing) {
			for path, where := range map[string]func(outcome) http.Header{
				"/before": func(g outcome) http.Header { return g.Header },
				"/behind": func(g outcome) http.Header { return g.Trailer },
			} {
				g := m.ask(asked{
					method: "POST", path: path, body: strings.NewReader("\x00\x00\x00\x00\x00"), length: -1,
					header: http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}},
				})
				if g.err != nil || g.StatusCode != 200 || where(g).Get("Grpc-Status") != "14" {
					m.Errorf("%s: got %v, %v", path, g.Response, g.err)
				}
			}
		},
	},
	"a deadline of gRPC is kept": {
		clients: isMultiplexed,
		timed:   true,
		serve: func(m *pairing, s *arrival) {
			if s.target == "/within" {
				s.head(200, -1, "content-type", "application/grpc")
				_ = s.write([]byte("\x00\x00\x00\x00\x00"))
			}
			s.awaitLeft()
			m.tell("left")
		},
		play: func(m *pairing) {
			for path, where := range map[string]func(outcome) http.Header{
				"/before": func(g outcome) http.Header { return g.Header },
				"/within": func(g outcome) http.Header { return g.Trailer },
			} {
				began := time.Now()
				g := m.ask(asked{
					method: "POST", path: path, body: strings.NewReader("\x00\x00\x00\x00\x00"), length: -1,
					header: http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {"2S"}},
				})
				if g.err != nil || g.StatusCode != 200 || where(g).Get("Grpc-Status") != "4" {
					m.Errorf("%s: got %v, %v", path, g.Response, g.err)
				}
				if took := time.Since(began); took < 2*time.Second || took > 2100*time.Millisecond {
					m.Errorf("%s: it took %v", path, took)
				}
				m.wants("left")
			}
		},
	},
}

// tunnelRows are about what follows an upgrade, or the extended CONNECT in its place.
var tunnelRows = map[string]*matrixRow{
	"a WebSocket is a tunnel for bytes, both ways and to the end": {
		serve: func(m *pairing, s *arrival) {
			m.tell("%s %s", s.target, s.field("upgrade"))
			r := s.tunnel()
			buf := make([]byte, 16<<10)
			for {
				n, err := r.Read(buf)
				if n > 0 && s.write(buf[:n]) != nil {
					return
				}
				if err != nil {
					m.tell("%v", err)
					break
				}
			}
			_ = s.write([]byte("bye"))
			s.finish()
		},
		play: func(m *pairing) {
			r, w := m.tunnel("websocket", "/chat?x=y")
			m.wants("/chat?x=y websocket")
			data := pattern(150 << 10)
			for _, b := range data[:50] { // Byte by byte at first.
				back := make([]byte, 1)
				if _, err := w.Write([]byte{b}); err != nil {
					m.Fatal(err)
				}
				if _, err := io.ReadFull(r, back); err != nil || back[0] != b {
					m.Fatalf("got %q, %v", back, err)
				}
			}
			go func() {
				_, _ = w.Write(data[50:])
				w.Close()
			}()
			got, err := io.ReadAll(r)
			if want := append(data[50:], "bye"...); err != nil || !bytes.Equal(got, want) {
				m.Errorf("%d bytes of %d came back, %v", len(got), len(want), err)
			}
			m.wants("EOF")
		},
	},
}
