package proxy_test

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/sluice-dev/sluice/pkg/accesslog"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

var (
	getRequest = []byte("GET /some/path?q=1 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n")
	endOfHead  = []byte("\r\n\r\n")
)

// replyOK answers requests without a body and without allocating.
func replyOK(nc net.Conn, _ *bufio.Reader) {
	buf := make([]byte, 4096)
	n := 0
	reply := []byte(okResponse)
	for {
		m, err := nc.Read(buf[n:])
		if err != nil {
			return
		}
		if n += m; !bytes.HasSuffix(buf[:n], endOfHead) {
			continue
		}
		n = 0
		if _, err := nc.Write(reply); err != nil {
			return
		}
	}
}

// get makes one request without allocating.
func get(t testing.TB, nc net.Conn, buf []byte) {
	if _, err := nc.Write(getRequest); err != nil {
		t.Fatal(err)
	}
	for n := 0; !bytes.HasSuffix(buf[:n], []byte("ok")); {
		m, err := nc.Read(buf[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
}

// startFast starts a proxy on loopback with access log, metrics and timeouts.
func startFast(t testing.TB) *proxytest.Kit {
	logger := accesslog.New(io.Discard, accesslog.Options{})
	k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}, Proxy: proxy.Options{AccessLog: logger}})
	t.Cleanup(func() {
		if err := logger.Close(); err != nil {
			t.Error(err)
		}
	})
	c, r := proxytest.Config()
	r.Timeouts = ir.Timeouts{Connect: 5e9, BackendRequest: 60e9, Idle: 60e9, TunnelIdle: 3600e9}
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(replyOK))
	return k
}

func BenchmarkGet(b *testing.B) {
	b.Run("sluice", func(b *testing.B) {
		k := startFast(b)
		address := k.Address(ir.ListenerHTTP).String()
		measure(b, address)
	})
	b.Run("reverseproxy", func(b *testing.B) {
		k := startFast(b)
		endpoint := k.Endpoint(replyOK)
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: endpoint.Address.String()})
		proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
		proxy.ErrorLog = log.New(io.Discard, "", 0)
		server := httptest.NewServer(proxy)
		defer server.Close()
		measure(b, server.Listener.Addr().String())
	})
}

func measure(b *testing.B, address string) {
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		nc, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer nc.Close()
		buf := make([]byte, 4096)
		for pb.Next() {
			get(b, nc, buf)
		}
	})
}
