package h1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// loop is a net.Conn that sends one message over and over, a read each, and drops what is written.
type loop struct {
	script
	message []byte
	rest    []byte
}

func (l *loop) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		l.rest = l.message
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *loop) Write(p []byte) (int, error) { return len(p), nil }

const (
	curl = "GET /api/v1/items?page=2 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n"
	// browser is what a browser sends, with a cookie.
	browser = "GET /catalogue/shoes/42?colour=red HTTP/1.1\r\n" +
		"Host: shop.example\r\n" +
		"Connection: keep-alive\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n" +
		"sec-ch-ua-mobile: ?0\r\n" +
		"sec-ch-ua-platform: \"Linux\"\r\n" +
		"Upgrade-Insecure-Requests: 1\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n" +
		"Sec-Fetch-Site: none\r\n" +
		"Sec-Fetch-Mode: navigate\r\n" +
		"Sec-Fetch-User: ?1\r\n" +
		"Sec-Fetch-Dest: document\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-GB,en;q=0.9\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; cart=a1b2c3d4e5f6\r\n" +
		"\r\n"
	answer = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 05:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, world"
	pieces = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello,\r\n6\r\n world\r\n0\r\n\r\n"
)

// exchange does what a proxy does with both halves for one exchange.
type exchange struct {
	client, endpoint *Conn
	req              wire.Request
	resp             wire.Response
}

func newExchange(request, response string) *exchange {
	return &exchange{
		client:   NewConn(&loop{message: []byte(request)}, nil),
		endpoint: NewConn(&loop{message: []byte(response)}, nil),
	}
}

func (e *exchange) run(tb testing.TB) {
	check := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	check(e.client.WaitReadable())
	check(e.client.ReadRequest(&e.req))
	e.req.Header.SetKnown(wire.XForwardedFor, []byte("192.0.2.1"))
	check(e.endpoint.WriteRequest(&e.req))
	check(e.endpoint.FinishBody(nil))
	check(e.endpoint.Flush())
	check(e.endpoint.ReadResponse(&e.resp, e.req.Method))
	check(e.client.WriteResponse(&e.resp))
	_, readErr, writeErr := CopyBody(e.client, e.endpoint, nil)
	check(readErr)
	check(writeErr)
	check(e.client.FinishBody(e.endpoint.Body().Trailer()))
	check(e.client.Flush())
	if !e.client.Reusable() || !e.endpoint.Reusable() {
		tb.Fatal("a connection cannot be reused")
	}
	e.endpoint.Release()
}

func TestExchangesOnKeptConnectionsAllocateNothing(t *testing.T) {
	for name, response := range map[string]string{"with a length": answer, "chunked": pieces} {
		for _, request := range []string{curl, browser} {
			e := newExchange(request, response)
			e.run(t)
			if n := testing.AllocsPerRun(1000, func() { e.run(t) }); n != 0 && !raceEnabled {
				t.Errorf("%s: %v allocations for an exchange", name, n)
			}
		}
	}
}

// ratio runs ours as the benchmark and reports how many times longer theirs takes.
func ratio(b *testing.B, ours, theirs func()) {
	b.ReportAllocs()
	for b.Loop() {
		ours()
	}
	mine := float64(b.Elapsed()) / float64(b.N)
	const rounds = 20000
	start := time.Now()
	for range rounds {
		theirs()
	}
	b.ReportMetric(float64(time.Since(start))/rounds/mine, "net/http÷ours")
}

func BenchmarkReadRequest(b *testing.B) {
	for name, raw := range map[string]string{"curl": curl, "browser": browser} {
		b.Run(name, func(b *testing.B) {
			c := NewConn(&loop{message: []byte(raw)}, nil)
			theirs := bufio.NewReader(&loop{message: []byte(raw)})
			var req wire.Request
			b.SetBytes(int64(len(raw)))
			ratio(b, func() {
				if err := c.ReadRequest(&req); err != nil {
					b.Fatal(err)
				}
			}, func() {
				if _, err := http.ReadRequest(theirs); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkReadResponse(b *testing.B) {
	c := NewConn(&loop{message: []byte(answer)}, nil)
	theirs := bufio.NewReader(&loop{message: []byte(answer)})
	var resp wire.Response
	buf := make([]byte, 64)
	ratio(b, func() {
		if err := c.ReadResponse(&resp, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Body().Read(buf); err != nil {
			b.Fatal(err)
		}
	}, func() {
		resp, err := http.ReadResponse(theirs, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkWriteResponse(b *testing.B) {
	c := NewConn(&loop{}, nil)
	src := NewConn(newScript(answer), nil)
	var resp wire.Response
	if err := src.ReadResponse(&resp, nil); err != nil {
		b.Fatal(err)
	}
	body := []byte("hello, world")
	theirs, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(io.Discard)
	ratio(b, func() {
		if c.WriteResponse(&resp) != nil || c.WriteBody(body) != nil || c.FinishBody(nil) != nil || c.Flush() != nil {
			b.Fatal("cannot write")
		}
	}, func() {
		theirs.Body = io.NopCloser(bytes.NewReader(body))
		if theirs.Write(out) != nil || out.Flush() != nil {
			b.Fatal("cannot write")
		}
	})
}

func BenchmarkExchange(b *testing.B) {
	for name, raw := range map[string]string{"curl": curl, "browser": browser} {
		b.Run(name, func(b *testing.B) {
			e := newExchange(raw, answer)
			b.ReportAllocs()
			for b.Loop() {
				e.run(b)
			}
		})
	}
}
