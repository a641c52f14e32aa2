package proxy_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// TestCopiesAreWhatTheMirrorSays sends a body that is longer than a copy may be: only one without a body comes.
func TestCopiesAreWhatTheMirrorSays(t *testing.T) { synctest.Test(t, copiesAreWhatTheMirrorSays) }

func copiesAreWhatTheMirrorSays(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	c.Upstreams = append(c.Upstreams, ir.Upstream{Key: "copy", Endpoints: "copy", MaxIdlePerEndpoint: 1})
	r.Filters = []ir.Filter{
		&ir.Mirror{Upstream: "copy", Numerator: 1, Denominator: 1, Host: "copy.example.com:81", WithoutBody: true},
		&ir.Mirror{Upstream: "copy", Numerator: 1, Denominator: 1},
	}
	k.Serve(c)
	copied := make(chan string, 2)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		if _, err := proxytest.ReadHead(r); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, r, 128<<10); err != nil {
			return
		}
		_, _ = io.WriteString(nc, okResponse)
	}))
	other := k.Repeats(copied, okResponse)
	k.Registry.SetEndpoints(ir.EndpointSet{Key: "copy", Endpoints: []ir.Endpoint{{Address: other.Address}}})
	body := strings.Repeat("x", 128<<10)
	if answer := k.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 131072\r\n\r\n" + body); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Errorf("got %q", answer)
	}
	synctest.Wait()
	head := <-copied
	for _, want := range []string{"POST /a HTTP/1.1\r\n", "Host: copy.example.com:81\r\n", "Content-Length: 0\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("there is no %q in %q", want, head)
		}
	}
	if len(copied) != 0 {
		t.Errorf("there is another copy: %q", <-copied)
	}
}

func TestARouteIsLeftOutOfTheLog(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, r := proxytest.Config()
	other := *r
	other.ID, other.Match.Path.Value = "other", "/other"
	r.Unlogged = true
	c.RouteSets[0].Hosts[0].Routes = append([]ir.Route{other}, c.RouteSets[0].Hosts[0].Routes...)
	k.Serve(c)
	k.SetEndpoints(k.Repeats(nil, okResponse))
	for _, path := range []string{"/a", "/other", "/b"} {
		if answer := k.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("got %q", answer)
		}
	}
	k.Send("BAD\r\n\r\n")
	if lines := k.Log(2); lines[0]["path"] != "/other" || lines[1]["status"] != 400.0 {
		t.Errorf("logged %v", lines)
	}
}
