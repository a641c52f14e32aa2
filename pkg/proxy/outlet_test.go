package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func compressing() ir.Filter {
	return &ir.Compress{Codings: []ir.Coding{ir.Gzip}, Types: []string{"text/html", "text/event-stream", "application/grpc"}, MinBytes: 100}
}

// gunzip returns the text that gzip has made smaller.
func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	d, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestResponsesAreCompressed(t *testing.T) {
	page := strings.Repeat("<p>hello", 2000)
	chunks := "3e80\r\n" + page + "\r\n0\r\nX-Sum: 1\r\n\r\n"
	for name, tt := range map[string]struct {
		request, reply string
		filters        []ir.Filter
		encoded        bool
	}{
		"a body with a length":           {"GET / HTTP/1.1\r\nAccept-Encoding: br;q=0.1, gzip\r\n", "Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n" + page, nil, true},
		"a body in chunks":               {"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, nil, true},
		"for a client of HTTP/1.0":       {"GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n", "Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n" + page, nil, true},
		"for a client of two lines":      {"GET / HTTP/1.1\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip\r\n", "Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n" + page, nil, true},
		"for a client that says nothing": {"GET / HTTP/1.1\r\n", "Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n" + page, nil, false},
		"what is encoded already":        {"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "Content-Type: text/html\r\nContent-Encoding: br\r\nContent-Length: 16000\r\n\r\n" + page, nil, false},
		"whatever the endpoint is told": {
			"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n" + page,
			[]ir.Filter{&ir.ModifyRequestHeader{Edit: ir.HeaderEdit{Remove: []string{"accept-encoding"}}}}, true,
		},
		"by two filters once": {"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n" + page, []ir.Filter{compressing()}, true},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = append(tt.filters, compressing()) })
			k.SetEndpoints(k.Repeats(nil, "HTTP/1.1 200 OK\r\n"+tt.reply))
			answer := k.Send(tt.request + "Host: h\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.Header.Get("Content-Encoding") == "gzip"; got != tt.encoded {
				t.Fatalf("the head is %v", resp.Header)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			sent := len(body)
			if tt.encoded {
				if resp.ContentLength >= 0 || resp.Header.Get("Vary") != "Accept-Encoding" || sent > 1000 {
					t.Errorf("%d bytes came behind %v", sent, resp.Header)
				}
				body = []byte(gunzip(t, bytes.NewReader(body)))
			}
			if string(body) != page {
				t.Errorf("%d bytes came", len(body))
			}
			if line := k.Log(1)[0]; line["bytesOut"] != float64(sent) || line["reason"] != nil {
				t.Errorf("logged %v", line)
			}
		})
	}
}

// TestCompressionLeavesAnswersWithoutContentAlone asks with HEAD, and for what has not changed.
func TestCompressionLeavesAnswersWithoutContentAlone(t *testing.T) {
	k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{compressing()} })
	k.SetEndpoints(k.Replies(nil,
		"HTTP/1.1 200 OK\r\n"+date+"Content-Type: text/html\r\nContent-Length: 16000\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\n"+date+"Content-Type: text/html\r\nETag: \"a\"\r\n\r\n"))
	const fields = " / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n"
	if got, want := k.Send("HEAD"+fields), "HTTP/1.1 200 OK\r\n"+date+"Content-Type: text/html\r\nVary: Accept-Encoding\r\nContent-Length: 16000\r\n\r\n"; got != want {
		t.Errorf("got %q", got)
	}
	if got, want := k.Send("GET"+fields), "HTTP/1.1 304 Not Modified\r\n"+date+"Content-Type: text/html\r\nETag: \"a\"\r\n\r\n"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestAnswersOfOursAreCompressed(t *testing.T) {
	page := strings.Repeat("<p>hello", 100)
	k := start(t, proxytest.Options{}, func(r *ir.Route) {
		r.Filters = []ir.Filter{&ir.DirectResponse{Status: 200, ContentType: "text/html", Body: ir.Text(page)}, compressing()}
	})
	answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := gunzip(t, resp.Body); got != page || len(answer) > 600 {
		t.Errorf("got %q", answer)
	}
}

// TestCompressedEventsAreNotHeld reads each event of a stream before the next one is sent, over
// HTTP/1.1 and HTTP/2.
func TestCompressedEventsAreNotHeld(t *testing.T) {
	k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{compressing()} })
	next := make(chan struct{})
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err != nil {
			return
		}
		io.WriteString(nc, "HTTP/1.1 200 OK\r\n"+date+"Content-Type: text/event-stream\r\n\r\n")
		for range 3 {
			<-next
			io.WriteString(nc, "data: x\n\n")
		}
	}))
	clients := map[string]http.RoundTripper{
		"https": http2Client(t, k),
		"http": &http.Transport{DisableCompression: true, DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return k.Network.Dial(ctx, k.Address(ir.ListenerHTTP))
		}},
	}
	for scheme, client := range clients {
		req, err := http.NewRequest(http.MethodGet, scheme+"://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		next <- struct{}{}
		d, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		event := make([]byte, 9)
		for i := range 3 {
			if i > 0 {
				next <- struct{}{}
			}
			if _, err := io.ReadFull(d, event); err != nil || string(event) != "data: x\n\n" {
				t.Fatalf("over %s: got %q, %v", scheme, event, err)
			}
		}
		resp.Body.Close()
	}
}

// TestBandwidth moves 10,000 bytes each way at rates.
func TestBandwidth(t *testing.T) {
	const size = 10_000
	body := strings.Repeat("x", size)
	for name, tt := range map[string]struct {
		filter  ir.Bandwidth
		filters []ir.Filter
		want    time.Duration
	}{
		"of responses":                  {ir.Bandwidth{ResponseBytesPerSecond: 1000}, nil, 10 * time.Second},
		"of responses behind a part":    {ir.Bandwidth{ResponseBytesPerSecond: 1000, ResponseAfterBytes: 4000}, nil, 6 * time.Second},
		"of requests":                   {ir.Bandwidth{RequestBytesPerSecond: 2000}, nil, 5 * time.Second},
		"of both, one after the other":  {ir.Bandwidth{RequestBytesPerSecond: 2000, ResponseBytesPerSecond: 1000}, nil, 15 * time.Second},
		"by the lowest of two filters":  {ir.Bandwidth{ResponseBytesPerSecond: 5000}, []ir.Filter{&ir.Bandwidth{ResponseBytesPerSecond: 500}}, 20 * time.Second},
		"so high that it bounds nobody": {ir.Bandwidth{RequestBytesPerSecond: 1 << 40, ResponseBytesPerSecond: 1 << 40}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = append(tt.filters, &tt.filter) })
				k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					if _, err := proxytest.ReadHead(r); err != nil {
						return
					}
					io.CopyN(io.Discard, r, size)
					io.WriteString(nc, "HTTP/1.1 200 OK\r\n"+date+"Content-Length: 10000\r\n\r\n"+body)
				}))
				began := time.Now()
				// The head comes alone, so that the body streams.
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10000\r\n\r\n")
				synctest.Wait()
				go io.WriteString(nc, body)
				got, err := io.ReadAll(nc)
				took := time.Since(began)
				if err != nil || !strings.HasSuffix(string(got), "\r\n\r\n"+body) {
					t.Errorf("%d bytes came, %v", len(got), err)
				}
				if took > tt.want || took < tt.want-tt.want/10 {
					t.Errorf("it took %v, want %v", took, tt.want)
				}
				nc.Close()
			})
		})
	}
}

// TestBandwidthOfHTTP2 does so for a client of HTTP/2.
func TestBandwidthOfHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{&ir.Bandwidth{ResponseBytesPerSecond: 1000}} })
		k.SetEndpoints(k.Repeats(nil, "HTTP/1.1 200 OK\r\n"+date+"Content-Length: 10000\r\n\r\n"+strings.Repeat("x", 10_000)))
		client := http2Client(t, k)
		began := time.Now()
		req, err := http.NewRequest(http.MethodGet, "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if took := time.Since(began); err != nil || len(got) != 10_000 || took < 9*time.Second || took > 10*time.Second {
			t.Errorf("%d bytes came after %v, %v", len(got), took, err)
		}
		client.CloseIdleConnections()
	})
}

// TestASlowPaceIsCutOffByShutdown ends the proxy while a response moves slowly.
func TestASlowPaceIsCutOffByShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{}, func(r *ir.Route) { r.Filters = []ir.Filter{&ir.Bandwidth{ResponseBytesPerSecond: 1}} })
		k.SetEndpoints(k.Repeats(nil, "HTTP/1.1 200 OK\r\n"+date+"Content-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000)))
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if _, err := proxytest.ReadHead(bufio.NewReader(nc)); err != nil {
			t.Fatal(err)
		}
		// The kit's end cuts off what is open; the bubble fails if that takes time.
		began := time.Now()
		nc.Close()
		t.Cleanup(func() {
			if took := time.Since(began); took > 0 {
				t.Errorf("it took %v", took)
			}
		})
	})
}

func TestBodySize(t *testing.T) {
	for name, tt := range map[string]struct {
		request string
		backend bool
		want    string
	}{
		"a body that says that it is too large":     {"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n", false, "HTTP/1.1 413 "},
		"the same where the backend bounds it":      {"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n", true, "HTTP/1.1 413 "},
		"a body that turns out to be too large":     {"Transfer-Encoding: chunked\r\n\r\n5\r\nsome \r\n6\r\nothers\r\n0\r\n\r\n", false, "HTTP/1.1 413 "},
		"the same where the backend bounds it, too": {"Transfer-Encoding: chunked\r\n\r\n5\r\nsome \r\n6\r\nothers\r\n0\r\n\r\n", true, "HTTP/1.1 413 "},
		"a body of the size":                        {"Content-Length: 10\r\n\r\nsome other", false, "HTTP/1.1 200 "},
		"a body in chunks of the size":              {"Transfer-Encoding: chunked\r\n\r\na\r\nsome other\r\n0\r\n\r\n", true, "HTTP/1.1 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, func(r *ir.Route) {
				size := []ir.Filter{&ir.BodySize{MaxBytes: 10}}
				r.MaxBodyBytes = 100
				if tt.backend {
					r.Action.(*ir.Forward).Backends[0].Filters = size
				} else {
					r.Filters = size
				}
			})
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, req.Body); err == nil {
					io.WriteString(nc, okResponse)
				}
			}))
			if got := k.Send("POST / HTTP/1.1\r\nHost: h\r\n" + tt.request); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q", got)
			}
			if line := k.Log(1)[0]; strings.Contains(tt.want, "413") != (line["reason"] == "body_too_large") {
				t.Errorf("logged %v", line)
			}
		})
	}
}
