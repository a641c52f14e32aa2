package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/table"
)

// secure is what is known of a connection over TLS.
type secure struct {
	// serverName is what the client asked for (SNI), in lower case.
	serverName string
	// protocol is what ALPN chose; empty means HTTP/1.1.
	protocol string
	// version is that of TLS, as the access log writes it.
	version string
	// subject is the distinguished name of the client's certificate, issuer that of who issued it and
	// certificate its DER form; all are empty without one that was checked.
	subject, issuer string
	certificate     []byte

	// auth is the ID of what was asked of it.
	auth string
	// elsewhere is where it is sent, whatever it asks for, as it failed to do that; empty for who did.
	elsewhere string
	// decided is the last decision of misdirected; streams share the connection.
	decided atomic.Pointer[direction]
}

// direction is whether a host may be asked for on a connection.
type direction struct {
	listener *table.Listener
	host     string
	wrong    bool
}

// handshake makes the connection one over TLS; false means that it failed.
func (c *connection) handshake(config *tls.Config) bool {
	end := time.Now().Add(c.proxy.timeouts.Handshake)
	below := &paced{Conn: c.nc, of: c, end: end}
	defer below.finish()
	nc := tls.Server(below, config)
	// Where a deadline cannot be set, the handshake fails as well.
	_ = c.raw.SetDeadline(end)
	if err := nc.HandshakeContext(c.ctx); err != nil {
		c.listener.metrics.HandshakeFailed()
		if below.shed {
			c.listener.metrics.Shed(metrics.ShedHandshake)
		}
		c.answerClearText(err)
		return false
	}
	_ = c.raw.SetDeadline(time.Time{})
	c.nc, c.secure = nc, newSecure(nc.ConnectionState(), c.policy)
	return true
}

// clearText is answered to a request in clear text where TLS is spoken.
const clearText = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 44\r\nConnection: close\r\n\r\n" +
	"400 Bad Request: this port speaks HTTPS only"

// answerClearText tells a client that has sent a request where a handshake was expected what is wrong: it would see
// an empty answer. err is why the handshake failed.
func (c *connection) answerClearText(err error) {
	header, ok := errors.AsType[tls.RecordHeaderError](err)
	if !ok || header.Conn == nil {
		return
	}
	for _, b := range header.RecordHeader[:3] { // The shortest method that clients use has three letters.
		if b < 'A' || b > 'Z' {
			return
		}
	}
	// Whether it arrives or not, the connection ends.
	if _, err := io.WriteString(c.nc, clearText); err == nil {
		c.linger()
	}
}

// newSecure returns what a handshake has agreed on that was held to a policy.
func newSecure(s tls.ConnectionState, policy *certs.Policy) *secure {
	out := &secure{
		serverName: strings.TrimSuffix(strings.ToLower(s.ServerName), "."),
		protocol:   s.NegotiatedProtocol,
		version:    tlsVersion(s.Version),
	}
	var c *x509.Certificate
	c, out.elsewhere = policy.Client(&s)
	if policy != nil && out.elsewhere == "" {
		out.auth = policy.ClientAuth()
	}
	if c != nil {
		out.subject, out.issuer, out.certificate = c.Subject.String(), c.Issuer.String(), c.Raw
	}
	return out
}

func tlsVersion(v uint16) string {
	switch v {
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return tls.VersionName(v)
}

// misdirected says that host belongs to other certificates than the name for
// which the connection was made (RFC 9110 section 15.5.20): a client that finds
// several names in one certificate may use one connection for all of them, but not for
// those that are bound to another, or are in another scope of the listener, or have another
// policy, which may ask more of the client.
func (c *connection) misdirected(l *table.Listener, host []byte) bool {
	s := c.secure
	if s == nil || l.TLS == nil || s.serverName == string(host) && !l.TLS.HasPolicies() {
		return false
	}
	if s.serverName == "" && !l.TLS.HasPolicies() {
		return false
	}
	if d := s.decided.Load(); d != nil && d.listener == l && d.host == string(host) {
		return d.wrong
	}
	d := &direction{listener: l, host: string(host)}
	d.wrong = !l.TLS.Policy(d.host).Same(c.policy) || s.serverName != "" && s.serverName != d.host && c.crosses(l, d.host)
	s.decided.Store(d)
	return d.wrong
}

// crosses says that a host is bound to other certificates than the server name, or is in
// another scope of the listener.
func (c *connection) crosses(l *table.Listener, host string) bool {
	name := c.secure.serverName
	return l.Crosses([]byte(name), []byte(host)) || otherCertificates(l.TLS.Explain(name), l.TLS.Explain(host))
}

// otherCertificates says that two names are bound, and to different certificates.
func otherCertificates(a, b certs.Choice) bool {
	if a.Binding == "" || b.Binding == "" || a.Binding == b.Binding {
		return false
	}
	return !slices.EqualFunc(a.Candidates, b.Candidates, func(x, y certs.Candidate) bool { return x.Name == y.Name })
}
