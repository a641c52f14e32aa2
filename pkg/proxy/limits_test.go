package proxy_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func TestConnectionsBeyondTheBoundWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{MaxConnections: 2}}, nil)
		release := make(chan struct{}) // A connection that is idle makes room.
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				if _, err := proxytest.ReadHead(r); err != nil {
					return
				}
				<-release
				io.WriteString(nc, okResponse)
			}
		}))
		var readers []*bufio.Reader
		for range 3 {
			nc := k.Dial(ir.ListenerHTTP)
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			readers = append(readers, bufio.NewReader(nc))
		}
		synctest.Wait()
		if n := k.Proxy.Connections(); n != 2 {
			t.Errorf("%d connections are open", n)
		}
		close(release)
		if head, err := proxytest.ReadHead(readers[2]); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 ") {
			t.Errorf("got %q, %v", head, err)
		}
	})
}

// throws is a filter that panics.
type throws struct{}

func (throws) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if string(x.Request.Path) == "/panic" {
		panic("filter has thrown")
	}
	return nil
}

func (throws) OnResponseHead(x *filter.Exchange) {
	if string(x.Request.Path) == "/late" {
		panic("filter has thrown")
	}
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestPanicEndsItsExchangeAlone(t *testing.T) {
	var logged logBuffer
	k := proxytest.Start(t, proxytest.Options{
		Proxy:   proxy.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))},
		Filters: func(ir.Filter) (any, error) { return throws{}, nil },
	})
	c, r := proxytest.Config()
	r.Filters = []ir.Filter{&ir.RedirectHTTPS{Status: 308, Port: 443}}
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	body := strings.Repeat("x", 100<<10)
	for name, c := range map[string]struct{ request, begins string }{
		"before the response":       {"GET /panic HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 500 "},
		"with the response at hand": {"GET /late HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 500 "},
		"while the body comes":      {"POST /late HTTP/1.1\r\nHost: h\r\nContent-Length: 102400\r\n\r\n" + body, "HTTP/1.1 500 "},
		"none":                      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			nc := k.Dial(ir.ListenerHTTP)
			io.WriteString(nc, c.request)
			nc.(interface{ CloseWrite() error }).CloseWrite()
			got, _ := io.ReadAll(nc)
			if !strings.HasPrefix(string(got), c.begins) {
				t.Errorf("got %q", got)
			}
		})
	}
	if n := strings.Count(logged.String(), "filter has thrown"); n < 3 || !strings.Contains(logged.String(), "limits_test.go") {
		t.Errorf("%d panics are logged: %s", n, logged.String())
	}
	if n := k.Registry.Dump()[0].Endpoints[0].InFlight; n != 0 {
		t.Errorf("%d tries are still counted", n)
	}
}
