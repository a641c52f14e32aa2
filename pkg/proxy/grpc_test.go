package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// grpcRequest is one of a client of gRPC, with a message of five bytes.
func grpcRequest(t *testing.T, contentType string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://h/s.S/M", strings.NewReader("\x00\x00\x00\x00\x00"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {contentType}, "Te": {"trailers"}}
	return req
}

const grpcReply = "HTTP/1.1 200 OK\r\n" + date + "Content-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"

func TestGRPCGoesThrough(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	heads := make(chan string, 1)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		head, _ := proxytest.ReadHead(r)
		heads <- head
		io.WriteString(nc, grpcReply+"5\r\n\x00\x00\x00\x00\x00\r\n0\r\ngrpc-status: 5\r\ngrpc-message: no\r\ngrpc-status-details-bin: AA\r\n\r\n")
	}))
	req := grpcRequest(t, "application/grpc")
	req.Header.Set("Grpc-Timeout", "10S")
	resp, err := http2Client(t, k).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) != 5 || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/grpc" {
		t.Errorf("got %d, %q, %v", resp.StatusCode, body, err)
	}
	if tr := resp.Trailer; tr.Get("Grpc-Status") != "5" || tr.Get("Grpc-Message") != "no" || tr.Get("Grpc-Status-Details-Bin") != "AA" {
		t.Errorf("got trailer %v", tr)
	}
	head := <-heads
	for _, want := range []string{"content-type: application/grpc\r\n", "TE: trailers\r\n", "grpc-timeout: 10S\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("%q is missing in %q", want, head)
		}
	}
}

func TestSluicesOwnAnswersToGRPC(t *testing.T) {
	for name, c := range map[string]struct {
		route       func(*ir.Route)
		reply       string
		contentType string
		// status is that of HTTP, code and message those of gRPC.
		status        int
		code, message string
		logged        float64
	}{
		"no route": {
			route: func(r *ir.Route) { r.Match.Path.Value = "/other" }, contentType: "application/grpc",
			status: 200, code: "12", message: "Not Found: no_route", logged: 404,
		},
		"an endpoint that closes": {contentType: "application/grpc+proto", status: 200, code: "14", message: "Bad Gateway: endpoint_closed", logged: 502},
		"a large body": {
			route: func(r *ir.Route) { r.MaxBodyBytes = 1 }, contentType: "application/grpc;x=y",
			status: 200, code: "8", message: "Content Too Large: body_too_large", logged: 413,
		},
		"gRPC-Web is no gRPC":            {contentType: "application/grpc-web", status: 502, logged: 502},
		"what the endpoint says is kept": {reply: "HTTP/1.1 503 Service Unavailable\r\n" + date + "Content-Length: 0\r\n\r\n", contentType: "application/grpc", status: 503, logged: 503},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, c.route)
			k.SetEndpoints(k.Replies(nil, c.reply))
			resp, err := http2Client(t, k).RoundTrip(grpcRequest(t, c.contentType))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			h := resp.Header
			if resp.StatusCode != c.status || h.Get("Grpc-Status") != c.code || h.Get("Grpc-Message") != c.message {
				t.Errorf("got %d, %v", resp.StatusCode, h)
			}
			if c.code != "" && (h.Get("Content-Type") != "application/grpc" || h.Get("Content-Length") != "") {
				t.Errorf("got %v", h)
			}
			if line := k.Log(1)[0]; line["status"] != c.logged {
				t.Errorf("logged %v", line)
			}
		})
	}
}

func TestGRPCThatFailsUnderWayEndsWithATrailer(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	k.SetEndpoints(k.Replies(nil, grpcReply+"5\r\n\x00\x00\x00\x00\x00\r\n"))
	resp, err := http2Client(t, k).RoundTrip(grpcRequest(t, "application/grpc"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) != 5 || resp.Trailer.Get("Grpc-Status") != "14" || resp.Trailer.Get("Grpc-Message") != "endpoint_aborted_body" {
		t.Errorf("got %q, %v, trailer %v", body, err, resp.Trailer)
	}
}

func TestGRPCTimeoutBoundsTheExchange(t *testing.T) {
	for name, c := range map[string]struct {
		begins  string
		header  bool
		timeout string
	}{
		"before the response": {header: true, timeout: "3S"},
		"within the response": {begins: grpcReply, timeout: "3000m"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, nil)
				k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					proxytest.ReadHead(r)
					io.WriteString(nc, c.begins)
					io.Copy(io.Discard, r)
				}))
				client := http2Client(t, k)
				req := grpcRequest(t, "application/grpc")
				req.Header.Set("Grpc-Timeout", c.timeout)
				began := time.Now()
				resp, err := client.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				status := resp.Trailer.Get("Grpc-Status")
				if c.header {
					status = resp.Header.Get("Grpc-Status")
				}
				if took := time.Since(began); status != "4" || took != 3*time.Second {
					t.Errorf("got %v, %v after %v", resp.Header, resp.Trailer, took)
				}
				client.CloseIdleConnections()
				synctest.Wait()
			})
		})
	}
}
