package proxy_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// numbered makes n endpoints, each of which says its number in its body.
func numbered(k *proxytest.Kit, n int) {
	var endpoints []*proxytest.Endpoint
	for i := range n {
		endpoints = append(endpoints, k.Repeats(nil, fmt.Sprintf("HTTP/1.1 200 OK\r\nSet-Cookie: own=1\r\nContent-Length: 1\r\n\r\n%d", i)))
	}
	k.SetEndpoints(endpoints...)
}

// served returns the last byte of an answer, which says who gave it.
func served(t *testing.T, answer string) string {
	t.Helper()
	if !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Fatalf("got %q", answer)
	}
	return answer[len(answer)-1:]
}

func TestAHashSendsTheRequestsOfOneUserToOneEndpoint(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := proxytest.Config()
	c.Upstreams[0].Balance = ir.Balance{Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashHeader, Name: "x-user"}}
	k.Serve(c)
	numbered(k, 4)
	all := make(map[string]bool)
	for user := range 12 {
		request := fmt.Sprintf("GET / HTTP/1.1\r\nHost: h\r\nX-User: u%d\r\nConnection: close\r\n\r\n", user)
		first := served(t, k.Send(request))
		all[first] = true
		for range 3 {
			if again := served(t, k.Send(request)); again != first {
				t.Errorf("user %d was served by %s and then by %s", user, first, again)
			}
		}
	}
	if len(all) < 3 {
		t.Errorf("twelve users were served by %d of four endpoints", len(all))
	}
}

func TestEveryStrategyServes(t *testing.T) {
	for _, b := range []ir.Balance{{Strategy: ir.LeastRequest}, {Strategy: ir.LeastLatency}, {Strategy: ir.Random, Choices: 2}, {Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashAddress}}} {
		t.Run(b.String(), func(t *testing.T) {
			// In memory each connection comes from another address.
			k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
			c, _ := proxytest.Config()
			c.Upstreams[0].Balance = b
			k.Serve(c)
			numbered(k, 3)
			all := make(map[string]bool)
			for range 60 {
				all[served(t, k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))] = true
			}
			if b.Strategy == ir.Hash && len(all) != 1 {
				t.Errorf("one address was served by %d endpoints", len(all))
			}
			if b.Strategy == ir.LeastRequest && len(all) != 3 {
				t.Errorf("of three idle endpoints, %d served", len(all))
			}
		})
	}
}

func TestSessionsStayAtTheirEndpoint(t *testing.T) {
	tests := map[string]struct {
		sticky ir.Sticky
		// given is the field of the response, and back what the client sends for it.
		given *regexp.Regexp
		back  string
	}{
		"by a cookie": {
			ir.Sticky{Source: ir.StickyCookie, Name: "s", Path: "/", SameSite: "Lax"},
			regexp.MustCompile(`\r\nSet-Cookie: s=([A-Za-z0-9_-]{43}); Path=/; HttpOnly; SameSite=Lax\r\n`), "Cookie: a=b; s=",
		},
		"by a permanent cookie": {
			ir.Sticky{Source: ir.StickyCookie, Name: "s", Path: "/a", Lifetime: 3600e9, Permanent: true, Secure: ir.SecureAlways, Readable: true},
			regexp.MustCompile(`\r\nSet-Cookie: s=([A-Za-z0-9_-]{43}); Path=/a; Max-Age=3600; Secure\r\n`), "Cookie: s=",
		},
		"by a header": {
			ir.Sticky{Source: ir.StickyHeader, Name: "x-session"},
			regexp.MustCompile(`(?i)\r\nx-session: ([A-Za-z0-9_-]{43})\r\n`), "X-Session: ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k := proxytest.Start(t, proxytest.Options{})
			c, r := proxytest.Config()
			forward := *r.Action.(*ir.Forward)
			forward.Sticky = test.sticky
			r.Action = &forward
			k.Serve(c)
			numbered(k, 3)
			for range 6 {
				answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
				found := test.given.FindStringSubmatch(answer)
				if found == nil {
					t.Fatalf("no session in %q", answer)
				}
				if !strings.Contains(answer, "\r\nSet-Cookie: own=1\r\n") {
					t.Errorf("the endpoint's own cookie is lost in %q", answer)
				}
				first := served(t, answer)
				for range 4 {
					answer := k.Send("GET / HTTP/1.1\r\nHost: h\r\n" + test.back + found[1] + "\r\nConnection: close\r\n\r\n")
					if again := served(t, answer); again != first {
						t.Errorf("the session moved from %s to %s", first, again)
					}
					if test.given.MatchString(answer) {
						t.Errorf("the session was given again in %q", answer)
					}
				}
			}
			forged := k.Send("GET / HTTP/1.1\r\nHost: h\r\n" + test.back + strings.Repeat("A", 43) + "\r\nConnection: close\r\n\r\n")
			if served(t, forged); !test.given.MatchString(forged) {
				t.Errorf("a forged session is not replaced: %q", forged)
			}
		})
	}
}
