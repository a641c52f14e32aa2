package proxy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// keeping has so much of a response kept.
func keeping(memory, disk int64) func(*ir.Route) {
	return func(r *ir.Route) { r.BufferResponse = ir.ResponseBuffer{MemoryBytes: memory, DiskBytes: disk} }
}

// content returns n bytes of which no two parts are alike.
func content(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return string(b)
}

// sends makes an endpoint that answers each request with a text and counts the bytes that it got rid of.
func sends(k *proxytest.Kit, text string) (*proxytest.Endpoint, *atomic.Int64) {
	var sent atomic.Int64
	return k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		for {
			if _, err := proxytest.ReadHead(r); err != nil {
				return
			}
			for rest := text; len(rest) > 0; {
				n, err := io.WriteString(nc, rest[:min(len(rest), 1<<10)])
				sent.Add(int64(n))
				if err != nil {
					return
				}
				rest = rest[n:]
			}
		}
	}), &sent
}

// inSpool has files where they can be.
func inSpool(t *testing.T) proxytest.Options {
	return proxytest.Options{Proxy: proxy.Options{Buffering: proxy.Buffering{Dir: t.TempDir()}}}
}

const getText = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

// TestASlowClientHoldsNoEndpoint has a client that does not read while the only slot and the only connection
// serve others.
func TestASlowClientHoldsNoEndpoint(t *testing.T) {
	page := content(1 << 20)
	for name, head := range map[string]string{
		"of known length": fmt.Sprintf("Content-Length: %d\r\n\r\n", len(page)),
		"in chunks":       "Transfer-Encoding: chunked\r\n\r\n100000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, inSpool(t), func(r *ir.Route) {
					keeping(64<<10, 1<<20)(r)
					r.Limits = ir.Limits{Key: "one", MaxActive: 1}
				})
				text := "HTTP/1.1 200 OK\r\n" + head + page
				if strings.HasPrefix(head, "T") {
					text += "\r\n0\r\nX-Sum: 7\r\n\r\n"
				}
				e, sent := sends(k, text)
				k.SetEndpoints(e)
				var clients []net.Conn
				for i := range 3 {
					nc := k.Dial(ir.ListenerHTTP)
					io.WriteString(nc, getText)
					synctest.Wait()
					if n := sent.Load(); n != int64((i+1)*len(text)) {
						t.Fatalf("the endpoint got rid of %d bytes for %d clients", n, i+1)
					}
					clients = append(clients, nc)
				}
				if n := e.Accepted(); n != 1 {
					t.Errorf("there are %d connections to the endpoint", n)
				}
				for _, nc := range clients {
					resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
					if err != nil {
						t.Fatal(err)
					}
					if body, err := io.ReadAll(resp.Body); err != nil || string(body) != page {
						t.Errorf("%d bytes came, %v", len(body), err)
					}
					if sum := resp.Trailer.Get("X-Sum"); strings.HasPrefix(head, "T") && sum != "7" {
						t.Errorf("the trailer is %v", resp.Trailer)
					}
					nc.Close()
				}
				for _, line := range k.Log(3) {
					if line["bytesOut"] != float64(len(page)) || line["reason"] != nil {
						t.Errorf("logged %v", line)
					}
				}
			})
		})
	}
}

// TestWhatIsNotKeptWaitsAtTheEndpoint counts what the endpoint gets rid of while the client does not read: the
// connections in memory hold 64 KiB each, buffers some more.
func TestWhatIsNotKeptWaitsAtTheEndpoint(t *testing.T) {
	const size, streamed = 4 << 20, 300 << 10
	for name, tt := range map[string]struct {
		memory, disk int64
		fields       string
		all          proxy.Buffering
		kept         int64
	}{
		"beyond the bounds of the route":   {64 << 10, 1 << 20, "", proxy.Buffering{}, 64<<10 + 1<<20},
		"memory alone":                     {512 << 10, 0, "", proxy.Buffering{}, 512 << 10},
		"beyond the bounds of all":         {64 << 10, 4 << 20, "", proxy.Buffering{MaxDisk: 1 << 20}, 64<<10 + 3<<18},
		"of a route that keeps nothing":    {0, 0, "", proxy.Buffering{}, 0},
		"of events":                        {0, 4 << 20, "Content-Type: Text/Event-Stream; charset=utf-8\r\n", proxy.Buffering{}, 0},
		"of gRPC-Web":                      {0, 4 << 20, "Content-Type: application/grpc-web+proto\r\n", proxy.Buffering{}, 0},
		"of what the endpoint says no for": {0, 4 << 20, "x-accel-buffering: No\r\n", proxy.Buffering{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.all.Dir = t.TempDir()
				k := start(t, proxytest.Options{Proxy: proxy.Options{Buffering: tt.all}}, keeping(tt.memory, tt.disk))
				page := content(size)
				e, sent := sends(k, "HTTP/1.1 200 OK\r\n"+tt.fields+fmt.Sprintf("Content-Length: %d\r\n\r\n", size)+page)
				k.SetEndpoints(e)
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, getText)
				synctest.Wait()
				if n := sent.Load(); n < tt.kept || n > tt.kept+streamed {
					t.Errorf("the endpoint got rid of %d bytes, want %d and up to %d more", n, tt.kept, streamed)
				}
				resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(resp.Body); err != nil || string(body) != page {
					t.Errorf("%d bytes came, %v", len(body), err)
				}
				nc.Close()
			})
		})
	}
}

// TestWhatIsKeptComesAtOnce reads what an endpoint has sent while it is silent.
func TestWhatIsKeptComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, inSpool(t), keeping(64<<10, 1<<20))
		more := make(chan string)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			proxytest.ReadHead(r)
			io.WriteString(nc, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for one := range more {
				io.WriteString(nc, one)
			}
		}))
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, getText)
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			more <- "3\r\nabc\r\n"
			got := make([]byte, 3)
			if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "abc" {
				t.Fatalf("got %q, %v", got, err)
			}
			time.Sleep(time.Second)
		}
		more <- "0\r\n\r\n"
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
			t.Errorf("got %q, %v", rest, err)
		}
		close(more)
		nc.Close()
	})
}

// TestAKeptResponseThatBreaks has an endpoint leave in the middle: the client gets what came, and sees that it is not all.
func TestAKeptResponseThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, inSpool(t), keeping(64<<10, 1<<20))
		page := content(500_000)
		k.SetEndpoints(k.Replies(nil, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"+page))
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, getText)
		synctest.Wait()
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil || string(body) != page {
			t.Errorf("%d bytes came, %v", len(body), err)
		}
		if line := k.Log(1)[0]; line["reason"] != "endpoint_aborted_body" {
			t.Errorf("logged %v", line)
		}
		nc.Close()
	})
}

// TestAClientThatLeavesAKeptResponse has clients stop reading: the endpoint, silent or not, is left alone too.
func TestAClientThatLeavesAKeptResponse(t *testing.T) {
	for name, tt := range map[string]struct {
		closes bool
		rest   string
		reason string
	}{
		"closes while more comes":              {true, content(4 << 20), "client_closed"},
		"does not read while the rest is kept": {false, content(800 << 10), "client_write_timeout"},
		"does not read while more comes":       {false, content(4 << 20), "client_write_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, inSpool(t), keeping(64<<10, 1<<20))
				k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					proxytest.ReadHead(r)
					io.WriteString(nc, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
					fmt.Fprintf(nc, "%x\r\n%s\r\n", len(tt.rest), tt.rest)
					io.Copy(io.Discard, r) // It says no more, until Sluice leaves.
				}))
				nc := k.Dial(ir.ListenerHTTP)
				io.WriteString(nc, getText)
				synctest.Wait()
				if tt.closes {
					nc.Close()
				}
				if line := k.Log(1)[0]; line["reason"] != tt.reason {
					t.Errorf("logged %v", line)
				}
				nc.Close()
			})
		})
	}
}

// TestAKeptResponseOverHTTP2 reads late what the window of a stream cannot hold.
func TestAKeptResponseOverHTTP2(t *testing.T) {
	k := start(t, inSpool(t), func(r *ir.Route) {
		keeping(64<<10, 8<<20)(r)
		r.Limits = ir.Limits{Key: "one", MaxActive: 1, Queue: ir.Queue{Length: 1, Timeout: 5 * time.Minute}}
	})
	page := content(6 << 20)
	e, _ := sends(k, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(page))+page)
	k.SetEndpoints(e)
	client := http2Client(t, k)
	var late []*http.Response
	for range 2 { // The second gets the slot only when the endpoint is done with the first.
		req, err := http.NewRequest(http.MethodGet, "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("got %d", resp.StatusCode)
		}
		late = append(late, resp)
	}
	for _, resp := range late {
		if body, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(body, []byte(page)) {
			t.Errorf("%d bytes came, %v", len(body), err)
		}
	}
}

// TestAKeptResponseIsCompressedAndSlowed has filters act on what was kept.
func TestAKeptResponseIsCompressedAndSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, inSpool(t), func(r *ir.Route) {
			keeping(8<<10, 1<<20)(r)
			r.Filters = []ir.Filter{compressing(), &ir.Bandwidth{ResponseBytesPerSecond: 1 << 10}}
		})
		page := strings.Repeat("<p>hello", 100_000)
		e, sent := sends(k, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n", len(page))+page)
		k.SetEndpoints(e)
		nc := k.Dial(ir.ListenerHTTP)
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n")
		synctest.Wait() // No time has passed.
		if n := sent.Load(); n < int64(len(page)) {
			t.Errorf("the endpoint got rid of %d bytes", n)
		}
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		if text := gunzip(t, resp.Body); text != page {
			t.Errorf("%d bytes came", len(text))
		}
		nc.Close()
	})
}

// throwsOnBody is a filter whose encoder panics.
type throwsOnBody struct{}

func (throwsOnBody) OnResponseBody(*filter.Exchange, io.Writer) filter.Encoder { return throwsOnBody{} }
func (throwsOnBody) Write([]byte) (int, error)                                 { panic("encoder has thrown") }
func (throwsOnBody) Flush() error                                              { return nil }
func (throwsOnBody) Close() error                                              { return nil }
func (throwsOnBody) Release()                                                  {}

func TestAPanicWhileAKeptResponseIsSent(t *testing.T) {
	k := start(t, proxytest.Options{Filters: func(f ir.Filter) (any, error) { return throwsOnBody{}, nil }}, func(r *ir.Route) {
		keeping(64<<10, 0)(r)
		r.Filters = []ir.Filter{compressing()}
	})
	e, _ := sends(k, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"+content(1000000))
	k.SetEndpoints(e)
	k.Send(getText)
	if line := k.Log(1)[0]; line["reason"] != "panic" {
		t.Errorf("logged %v", line)
	}
}
