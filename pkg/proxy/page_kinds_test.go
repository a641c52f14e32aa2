package proxy_test

import (
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestErrorPagesLeaveOtherAnswersAlone has a page for every status that a page can be for.
func TestErrorPagesLeaveOtherAnswersAlone(t *testing.T) {
	for name, tt := range map[string]struct{ method, reply, want string }{
		"a success":               {"GET", okResponse, okResponse},
		"what has not changed":    {"GET", "HTTP/1.1 304 Not Modified\r\n" + date + "ETag: \"a\"\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n" + date + "ETag: \"a\"\r\n\r\n"},
		"no content":              {"GET", "HTTP/1.1 204 No Content\r\n" + date + "\r\n", "HTTP/1.1 204 No Content\r\n" + date + "\r\n"},
		"a hint before a success": {"GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okResponse, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okResponse},
		"a redirect":              {"GET", "HTTP/1.1 302 Found\r\n" + date + "Location: /b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\n" + date + "Location: /b\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, func(r *ir.Route) {
				r.Filters = []ir.Filter{errorPage(true, "<p>page", ir.StatusRange{From: 400, To: 599})}
			})
			k.SetEndpoints(k.Repeats(nil, tt.reply))
			if answer := k.Send(tt.method + " / HTTP/1.1\r\nHost: h\r\n\r\n"); answer != tt.want {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// TestAPageForHEADHasNoBody asks by HEAD for what is replaced: the length is that of the page.
func TestAPageForHEADHasNoBody(t *testing.T) {
	for name, reply := range map[string]string{"an endpoint's answer": "HTTP/1.1 404 Not Found\r\n" + date + "Content-Length: 4\r\n\r\n", "an answer of ours": ""} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{}, func(r *ir.Route) {
				r.Filters = []ir.Filter{errorPage(true, "<p>page", ir.StatusRange{From: 400, To: 599})}
			})
			if reply != "" {
				k.SetEndpoints(k.Repeats(nil, reply))
			}
			answer := k.Send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
			if !strings.Contains(answer, "Content-Length: 7\r\n") || !strings.HasSuffix(answer, "\r\n\r\n") {
				t.Errorf("got %q", answer)
			}
		})
	}
}
