package proxy_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

func TestForwardedFields(t *testing.T) {
	// Addresses of the network in memory are in 10.0.0.0/16, the client's differs from run to run.
	own := regexp.MustCompile(`10\.0\.0\.[0-9]+`)
	trusting := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("192.0.2.0/24")}
	made := "X-Forwarded-For: CLIENT\nX-Real-IP: CLIENT\nX-Forwarded-Proto: http\nX-Forwarded-Host: h\nX-Forwarded-Port: 80\nX-Request-Id: ID\n"
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		host    string
		sent    string
		want    string
	}{
		"they are made": {want: made},
		"the port is that of the authority": {
			host: "h:8080",
			want: strings.NewReplacer("Host: h\n", "Host: h:8080\n", "Port: 80\n", "Port: 8080\n").Replace(made),
		},
		"a stranger's are replaced": {
			sent: "X-Forwarded-For: 1.2.3.4\nx-forwarded-proto: https\nX-Forwarded-Host: evil\nX-Forwarded-Port: 1\n" +
				"X-Real-IP: 1.2.3.4\nForwarded: for=1.2.3.4\nX-Request-Id: guessed\nX-Other: kept\n",
			want: "X-Other: kept\n" + made,
		},
		"variants with an underscore are dropped": {
			sent: "X_Forwarded_For: 1.2.3.4\nX_Real_IP: 1.2.3.4\n",
			want: made,
		},
		"a nominated field of ours is set all the same": {
			sent: "Connection: X-Forwarded-For, X-Real-IP\nX-Forwarded-For: 1.2.3.4\n",
			want: made,
		},
		"a trusted proxy's are kept, and the client is the last one that is not trusted": {
			trusted: trusting,
			sent: "X-Forwarded-For: 6.6.6.6, 203.0.113.7\nX-Forwarded-For: 192.0.2.9\nX-Forwarded-Proto: https\n" +
				"X-Forwarded-Host: shop\nX-Forwarded-Port: 8443\nForwarded: for=203.0.113.7\nX-Request-Id: abc-123\n",
			want: "Forwarded: for=203.0.113.7\nX-Forwarded-For: 6.6.6.6, 203.0.113.7, 192.0.2.9, CLIENT\nX-Real-IP: 203.0.113.7\n" +
				"X-Forwarded-Proto: https\nX-Forwarded-Host: shop\nX-Forwarded-Port: 8443\nX-Request-Id: abc-123\n",
		},
		"what is no address ends the search": {
			trusted: trusting,
			sent:    "X-Forwarded-For: 6.6.6.6, unknown, 192.0.2.9\n",
			want: "X-Forwarded-For: 6.6.6.6, unknown, 192.0.2.9, CLIENT\nX-Real-IP: 192.0.2.9\n" +
				"X-Forwarded-Proto: http\nX-Forwarded-Host: h\nX-Forwarded-Port: 80\nX-Request-Id: ID\n",
		},
		"an ID that could break a log is replaced": {
			trusted: trusting,
			sent:    "X-Request-Id: a\"b\n",
			want:    made,
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{TrustedProxies: c.trusted}}, nil)
			heads := make(chan string, 1)
			k.SetEndpoints(k.Replies(heads, okResponse))
			host := c.host
			if host == "" {
				host = "h"
			}
			k.Send("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + strings.ReplaceAll(c.sent, "\n", "\r\n") + "\r\n")
			_, got, _ := strings.Cut(tidy(<-heads), "Host: "+host+"\n")
			got = strings.TrimSuffix(own.ReplaceAllString(got, "CLIENT"), "\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
