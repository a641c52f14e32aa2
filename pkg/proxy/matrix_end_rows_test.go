package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// endRows are about responses whose end is that of the connection, which over TLS has a word of its own.
var endRows = map[string]*matrixRow{
	"a response without a length is complete once TLS has said so": {
		endpoints: func(p string) bool { return p == "h1 TLS" },
		serve: func(_ *pairing, s *arrival) {
			s.answer.(*answerOne).raw("HTTP/1.1 200 OK\r\n\r\nbody")
		},
		play: func(m *pairing) { m.is(m.ask(asked{}), 200, "body") },
	},
	"a response without a length that is cut off below TLS is never complete": {
		endpoints: func(p string) bool { return p == "h1 TLS" },
		serve: func(_ *pairing, s *arrival) {
			one := s.answer.(*answerOne)
			one.raw("HTTP/1.1 200 OK\r\n\r\nbody")
			one.nc.(*tls.Conn).NetConn().Close()
		},
		play: func(m *pairing) {
			if g := m.ask(asked{}); g.err == nil {
				m.Errorf("got %d %q", g.StatusCode, g.body)
			}
			if line := m.k.Log(1)[0]; line["reason"] != "endpoint_aborted_body" || line["fault"] != "upstream" {
				m.Errorf("logged %v", line)
			}
		},
	},
	"a response with a length needs no word of TLS": {
		endpoints: func(p string) bool { return p == "h1 TLS" },
		serve: func(_ *pairing, s *arrival) {
			one := s.answer.(*answerOne)
			one.raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
			one.nc.(*tls.Conn).NetConn().Close()
		},
		play: func(m *pairing) { m.is(m.ask(asked{}), 200, "body") },
	},
	"names with underscores that pass for others are dropped": {
		options: func(o *proxytest.Options) { o.Proxy.Limits = &h1.Limits{KeepUnderscores: true} },
		serve: func(m *pairing, s *arrival) {
			body, _ := io.ReadAll(s.body)
			var seen []string
			for _, f := range s.fields {
				if strings.Contains(f[0], "_") {
					seen = append(seen, f[0]+"="+f[1])
				}
			}
			for name, values := range s.trailer() {
				seen = append(seen, "trailer "+strings.ToLower(name)+"="+strings.Join(values, "|"))
			}
			slices.Sort(seen)
			m.tell("%s %v", body, seen)
			s.ok("")
		},
		play: func(m *pairing) {
			m.ask(asked{
				method: http.MethodPost, body: io.NopCloser(strings.NewReader("x")), length: -1,
				header: http.Header{
					"My_field": {"1"}, "X_Forwarded_For": {"192.0.2.1"}, "X-Forwarded_user": {"root"}, "X_real-Ip": {"192.0.2.1"}, "Content_length": {"5"},
					"Authorization_": {"2"},
				},
				trailer: http.Header{"My_sum": {"3"}, "X_forwarded_for": {"192.0.2.1"}, "X_original_url": {"/admin"}, "Content_length": {"5"}},
			})
			m.wants("x [authorization_=2 my_field=1 trailer my_sum=3]")
		},
	},
}

// TestAClientOfHTTP10SeesThatAResponseWasCutOff needs sockets: the end of the connection alone says that all is
// there, so it must be no end but a reset.
func TestAClientOfHTTP10SeesThatAResponseWasCutOff(t *testing.T) {
	const half = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
	for name, cut := range map[string]func(k *proxytest.Kit, endpoint net.Conn){
		"by the endpoint": func(_ *proxytest.Kit, endpoint net.Conn) { endpoint.Close() },
		"at the end of draining": func(k *proxytest.Kit, _ net.Conn) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = k.Proxy.Shutdown(ctx)
		},
	} {
		for kind, secure := range map[string]bool{"in clear text": false, "over TLS": true} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
				c, _ := proxytest.Config()
				both := matrixCertificates()
				c.Certificates = both[:1]
				c.Listeners[1].TLS.Default = both[0].Name
				k.Serve(c)
				reached := make(chan net.Conn, 1)
				k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					_, _ = proxytest.ReadHead(r)
					_, _ = io.WriteString(nc, half)
					reached <- nc
					_, _ = io.Copy(io.Discard, r)
				}))
				nc := k.Dial(ir.ListenerHTTP)
				if secure {
					nc = k.DialTLS(ir.ListenerHTTPS, "h", "http/1.1")
				}
				_, _ = io.WriteString(nc, "GET / HTTP/1.0\r\nHost: h\r\n\r\n")
				r := bufio.NewReader(nc)
				_, err := proxytest.ReadHead(r)
				if body, failed := r.Peek(4); err != nil || string(body) != "half" {
					t.Fatalf("got %q, %v, %v", body, err, failed)
				}
				cut(k, <-reached)
				if all, err := io.ReadAll(r); err == nil {
					t.Errorf("got %q as if it were complete", all)
				}
			})
		}
	}
}
