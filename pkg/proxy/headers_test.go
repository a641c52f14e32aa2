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
		"a stranger's other names of forwarding are dropped": {
			sent: "X-Forwarded-User: root\nX-Forwarded-Prefix: /evil\nx-forwarded-: 1\nX-Forwarded: kept\nX-Forwarded-Ssl: on\n",
			want: "X-Forwarded: kept\n" + made,
		},
		"a trusted proxy's other names of forwarding are kept": {
			trusted: trusting,
			sent:    "X-Forwarded-User: root\nX-Forwarded-Prefix: /a\n",
			want:    "X-Forwarded-User: root\nX-Forwarded-Prefix: /a\n" + made,
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

func TestForwarded(t *testing.T) {
	trusting := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}
	own := regexp.MustCompile(`10\.0\.0\.[0-9]+`)
	for name, c := range map[string]struct {
		mode    proxy.Forwarded
		trusted []netip.Prefix
		sent    string
		want    []string
	}{
		"off":                                 {proxy.ForwardedOff, nil, "", nil},
		"off, and a stranger's goes":          {proxy.ForwardedOff, nil, "Forwarded: for=1.2.3.4\r\n", nil},
		"off, and a trusted proxy's stays":    {proxy.ForwardedOff, trusting, "Forwarded: for=1.2.3.4\r\n", []string{"for=1.2.3.4"}},
		"a stranger's is replaced":            {proxy.ForwardedReplace, nil, "Forwarded: for=1.2.3.4\r\nforwarded: for=4.3.2.1\r\n", []string{"for=CLIENT;host=\"h:8080\";proto=http"}},
		"a stranger's is not added to":        {proxy.ForwardedAppend, nil, "Forwarded: for=1.2.3.4\r\n", []string{"for=CLIENT;host=\"h:8080\";proto=http"}},
		"a stranger cannot name it away":      {proxy.ForwardedAppend, nil, "Connection: Forwarded, X-Forwarded-For\r\nForwarded: for=1.2.3.4\r\n", []string{"for=CLIENT;host=\"h:8080\";proto=http"}},
		"a trusted proxy's is added to":       {proxy.ForwardedAppend, trusting, "Forwarded: for=1.2.3.4\r\nForwarded: for=\"[::1]:80\"\r\nX-Forwarded-Proto: https\r\n", []string{"for=1.2.3.4, for=\"[::1]:80\", for=CLIENT;host=\"h:8080\";proto=http"}},
		"of a trusted proxy without it":       {proxy.ForwardedAppend, trusting, "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\n", []string{"for=\"[2001:db8::1]\";host=shop;proto=https"}},
		"a trusted proxy's is replaced":       {proxy.ForwardedReplace, trusting, "Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 203.0.113.7\r\n", []string{"for=203.0.113.7;host=\"h:8080\";proto=http"}},
		"an underscore does not come through": {proxy.ForwardedReplace, nil, "For_warded: x\r\nX_Forwarded_For: 1.2.3.4\r\nX-Forwarded_For: 1.2.3.4\r\n", []string{"for=CLIENT;host=\"h:8080\";proto=http"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Proxy: proxy.Options{Forwarded: c.mode, TrustedProxies: c.trusted}}, nil)
			heads := make(chan string, 1)
			k.SetEndpoints(k.Repeats(heads, okResponse))
			k.Send("GET / HTTP/1.1\r\nHost: h:8080\r\n" + c.sent + "\r\n")
			var got []string
			head := own.ReplaceAllString(<-heads, "CLIENT")
			for line := range strings.SplitSeq(head, "\r\n") {
				if name, value, _ := strings.Cut(line, ": "); strings.EqualFold(name, "Forwarded") {
					got = append(got, value)
				}
				if strings.Contains(line, "_") {
					t.Errorf("%q came through", line)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !strings.Contains(head, "\r\nX-Forwarded-For: ") {
				t.Errorf("X-Forwarded-For is missing in %q", head)
			}
		})
	}
}

func TestViaIsAddedBothWays(t *testing.T) {
	k := start(t, proxytest.Options{Proxy: proxy.Options{Via: "sluice"}}, nil)
	heads := make(chan string, 1)
	k.SetEndpoints(k.Repeats(heads, strings.Replace(okResponse, date, date+"Via: 1.1 cache\r\n", 1)))
	answer := k.Send("GET / HTTP/1.0\r\nHost: h\r\nVia: 1.1 first\r\n\r\n")
	if head := <-heads; !strings.Contains(head, "Via: 1.1 first\r\n") || !strings.Contains(head, "Via: 1.0 sluice\r\n") {
		t.Errorf("the endpoint got %q", head)
	}
	if !strings.Contains(answer, "Via: 1.1 cache\r\n") || !strings.Contains(answer, "Via: 1.1 sluice\r\n") {
		t.Errorf("the client got %q", answer)
	}
}
