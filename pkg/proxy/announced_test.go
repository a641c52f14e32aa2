package proxy_test

import (
	"crypto/tls"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func TestProxyProtocolIsTakenFromItsNetworksAlone(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	const line = "PROXY TCP4 192.0.2.7 198.51.100.2 1234 80\r\n"
	binary := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x02\x04\xd2\x00\x50"
	for name, c := range map[string]struct {
		from, sends string
		client      string // in the log
		status      float64
		reason      any
	}{
		"version 1":                     {"0.0.0.0/0", line + request, "192.0.2.7:1234", 200, nil},
		"version 2":                     {"0.0.0.0/0", binary + request, "192.0.2.7:1234", 200, nil},
		"the load balancer's own probe": {"0.0.0.0/0", "PROXY UNKNOWN\r\n" + request, "10.", 200, nil},
		"none where there must be one":  {"0.0.0.0/0", request, "10.", 0, "bad_proxy_header"},
		"half of one":                   {"0.0.0.0/0", line[:20], "10.", 0, "bad_proxy_header"},
		"one from elsewhere":            {"203.0.113.0/24", line + request, "10.", 400, "refused_request-line"},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{ProxyProtocol: []netip.Prefix{netip.MustParsePrefix(c.from)}}}, nil)
			k.SetEndpoints(k.Repeats(nil, okResponse))
			k.Send(c.sends)
			l := k.Log(1)[0]
			if l["status"] != c.status || l["reason"] != c.reason || !strings.HasPrefix(l["client"].(string), c.client) {
				t.Errorf("logged %v", l)
			}
		})
	}
}

func TestProxyProtocolStandsInFrontOfTLS(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{Proxy: proxy.Options{ProxyProtocol: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}})
	c := streamConfig(stream("*.example", true))
	k.Serve(c)
	k.SetEndpoints(k.Endpoint(hashAndEcho))
	nc := k.Dial("tls")
	io.WriteString(nc, "PROXY TCP4 192.0.2.7 198.51.100.2 1234 80\r\n")
	exchangeRandom(t, tls.Client(nc, &tls.Config{ServerName: "a.example", InsecureSkipVerify: true}), 10<<10)
	if l := k.Log(1)[0]; l["client"] != "192.0.2.7:1234" || l["host"] != "a.example" {
		t.Errorf("logged %v", l)
	}
}
