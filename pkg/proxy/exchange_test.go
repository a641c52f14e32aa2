package proxy_test

import (
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\nok"

// start starts a proxy in front of endpoints.
func start(t *testing.T, o proxytest.Options, change func(*ir.Route)) *proxytest.Kit {
	t.Helper()
	k := proxytest.Start(t, o)
	c, r := proxytest.Config()
	if change != nil {
		change(r)
	}
	k.Serve(c)
	return k
}

func TestGetIsRelayed(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	heads := make(chan string, 1)
	k.SetEndpoints(k.Repeats(heads, ok))
	got := k.Send("GET /a?b=c HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\nok") {
		t.Errorf("got %q", got)
	}
	t.Logf("%s", <-heads)
	t.Logf("%s", got)
	t.Log(k.Log(1))
	_ = proxy.Options{}
}
