package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// roundTrip sends a GET and returns the head of the response, whose body is read.
func roundTrip(t *testing.T, nc net.Conn, r *bufio.Reader) string {
	t.Helper()
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	head, err := proxytest.ReadHead(r)
	if err != nil {
		t.Fatalf("got %q, %v", head, err)
	}
	if _, err := io.CopyN(io.Discard, r, contentLength(t, head)); err != nil {
		t.Fatal(err)
	}
	return head
}

func TestPreparedDrainMovesClientsAway(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	nc := k.Dial(ir.ListenerHTTP)
	r := bufio.NewReader(nc)
	if head := roundTrip(t, nc, r); strings.Contains(head, "close") {
		t.Errorf("got %q before", head)
	}
	k.Proxy.PrepareDrain()
	if head := roundTrip(t, nc, r); !strings.Contains(head, "Connection: close\r\n") {
		t.Errorf("got %q", head)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ends with %v", err)
	}
	again := k.Dial(ir.ListenerHTTP)
	if head := roundTrip(t, again, bufio.NewReader(again)); !strings.Contains(head, "200 OK") {
		t.Errorf("a new connection gets %q", head)
	}
}

func TestShutdownServesWhatIsIdleOrUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, proxytest.Options{Proxy: proxy.Options{Timeouts: proxy.Timeouts{DrainIdle: 4 * time.Second}}}, nil)
		k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
			for {
				if _, err := proxytest.ReadHead(r); err != nil {
					return
				}
				time.Sleep(time.Second)
				io.WriteString(nc, okResponse)
			}
		}))
		var conns [4]net.Conn
		var readers [4]*bufio.Reader
		for i := range conns {
			conns[i] = k.Dial(ir.ListenerHTTP)
			readers[i] = bufio.NewReader(conns[i])
		}
		roundTrip(t, conns[0], readers[0]) // Idle, and stays so.
		roundTrip(t, conns[1], readers[1]) // Idle, and asks once more.
		// conns[2] never says anything. The request of conns[3] is under way.
		io.WriteString(conns[3], "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		synctest.Wait()

		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- k.Proxy.Shutdown(t.Context()) }()
		synctest.Wait()
		if nc, err := k.Network.Dial(t.Context(), k.Address(ir.ListenerHTTP)); err == nil {
			nc.Close()
			t.Error("a new connection is accepted")
		}
		if head, err := proxytest.ReadHead(readers[3]); err != nil || !strings.Contains(head, "Connection: close\r\n") {
			t.Errorf("the request under way gets %q, %v", head, err)
		}
		if head := roundTrip(t, conns[1], readers[1]); !strings.Contains(head, "Connection: close\r\n") {
			t.Errorf("the next request gets %q", head)
		}
		for i := range conns {
			if i == 3 {
				io.CopyN(io.Discard, readers[i], 2)
			}
			if _, err := readers[i].ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("connection %d ends with %v", i, err)
			}
			conns[i].Close()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, line := range k.Log(4) {
			if line["status"] != 200.0 {
				t.Errorf("logged %v", line)
			}
		}
	})
}

func TestShutdownCutsOffWhatDoesNotEnd(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	arrived := make(chan struct{})
	k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) {
		proxytest.ReadHead(r)
		close(arrived)
		io.Copy(io.Discard, r)
	}))
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Proxy.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown returns %v", err)
	}
	if n := k.Proxy.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// TestNoRequestFailsWhileEverythingChanges swaps tables and endpoints under
// load, and in the end drains under load. Each endpoint that goes away closes
// its idle connections as a Pod that ends does: after it has left the set.
func TestNoRequestFailsWhileEverythingChanges(t *testing.T) {
	k := start(t, proxytest.Options{Network: proxytest.Loopback{}}, nil)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	var served, failed atomic.Int64
	stop, progress := make(chan struct{}), make(chan struct{}, 8)
	await := func(n int) {
		for range n {
			select {
			case <-progress:
			case <-t.Context().Done():
			}
		}
	}
	var clients sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	url := "http://" + k.Address(ir.ListenerHTTP).String() + "/"
	for i := range 8 {
		clients.Go(func() {
			method, body := http.MethodGet, ""
			if i%2 == 0 {
				method, body = http.MethodPost, strings.Repeat("x", i*100)
			}
			for {
				select {
				case <-stop:
					return
				case progress <- struct{}{}:
				default:
				}
				served.Add(1)
				if err := ask(transport, method, url, body); err != nil {
					failed.Add(1)
					t.Error(err)
				}
			}
		})
	}
	for i := range 40 {
		c, r := proxytest.Config()
		r.ID = "test/" + string(rune('a'+i%26))
		k.Serve(c)
		if i%4 == 0 {
			k.SetEndpoints(k.Repeats(nil, okResponse))
		}
		await(50)
	}
	k.Proxy.PrepareDrain()
	await(100)
	close(stop)
	clients.Wait()
	transport.CloseIdleConnections()
	if err := k.Proxy.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("%d requests, %d failed", served.Load(), failed.Load())
}

// ask makes one request, which must be answered by "ok".
func ask(transport http.RoundTripper, method, url, body string) error {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != 200 || string(text) != "ok") {
		err = fmt.Errorf("status %d, body %q", resp.StatusCode, text)
	}
	return err
}
