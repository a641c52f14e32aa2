package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// secure sets how endpoints are spoken with, and over which protocol, and reports whether that is new. Connections
// that were made otherwise prove nothing of what is asked now, so that all endpoints begin
// anew. registry.mu is held, and p.spec is what was said before.
func (p *Pool) secure(spec *ir.Upstream, client *tls.Certificate) (changed bool) {
	spoken, announced := p.speak(spec.Protocol), p.announce(spec.ProxyProtocol)
	if p.client == client && reflect.DeepEqual(p.spec.TLS, spec.TLS) && !spoken && !announced {
		return false
	}
	p.client = client
	var config *tls.Config
	if spec.TLS.Enabled {
		config = clientConfig(&spec.TLS, spec.Protocol, client)
	}
	p.tls.Store(config) // Once: between two stores somebody would speak in clear text.
	p.retire()
	p.unwatch()
	clear(p.byID)
	return true
}

// sessionsKept bounds the TLS sessions of a pool that are kept to be resumed.
const sessionsKept = 64

// errNotHTTP2 says that an endpoint does not speak what was asked for (RFC 9113 section 3.2).
var errNotHTTP2 = errors.New("the endpoint does not speak HTTP/2 over TLS")

// clientConfig makes the configuration for handshakes with endpoints.
func clientConfig(spec *ir.UpstreamTLS, protocol ir.UpstreamProtocol, client *tls.Certificate) *tls.Config {
	roots := x509.NewCertPool() // A nil pool would stand for the CAs of the system.
	if spec.System {
		roots = nil
	} else {
		roots.AppendCertsFromPEM([]byte(spec.CAs))
	}
	config := &tls.Config{
		MinVersion:   max(spec.Policy.MinVersion, tls.VersionTLS12),
		MaxVersion:   spec.Policy.MaxVersion,
		CipherSuites: spec.Policy.CipherSuites,
		ServerName:   spec.ServerName,
		NextProtos:   []string{"http/1.1"},
		// What a session proves is verified again when it is resumed.
		ClientSessionCache: tls.NewLRUClientSessionCache(sessionsKept),
		// The package's own check knows only the name that is asked for. VerifyConnection
		// does all of it instead.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if protocol == ir.UpstreamHTTP2 && s.NegotiatedProtocol != "h2" {
				return errNotHTTP2
			}
			return verify(&s, roots, spec)
		},
	}
	if protocol == ir.UpstreamHTTP2 {
		config.NextProtos = []string{"h2"}
	}
	switch {
	case client != nil:
		config.Certificates = []tls.Certificate{*client}
	case spec.Certificate != "":
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return nil, fmt.Errorf("the endpoint asks for a certificate, and %q cannot be used", spec.Certificate)
		}
	}
	return config
}

// verify checks that an endpoint's certificate leads to a CA and has one of the names,
// unless nothing is to be proved.
func verify(s *tls.ConnectionState, roots *x509.CertPool, spec *ir.UpstreamTLS) error {
	if spec.Unverified {
		return nil
	}
	if len(s.PeerCertificates) == 0 {
		return errors.New("the endpoint has no certificate")
	}
	leaf := s.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	if err != nil {
		return fmt.Errorf("verify the certificate: %w", err)
	}
	short := func(chain []*x509.Certificate) bool { return len(chain) <= spec.MaxChain }
	if spec.MaxChain > 0 && !slices.ContainsFunc(chains, short) {
		return fmt.Errorf("the certificate leads to a CA by more than %d certificates", spec.MaxChain)
	}
	named := func(name string) bool { return leaf.VerifyHostname(name) == nil }
	known := func(u *url.URL) bool { return slices.Contains(spec.URIs, u.String()) }
	if !slices.ContainsFunc(spec.Names, named) && !slices.ContainsFunc(leaf.URIs, known) {
		return fmt.Errorf("the certificate is for none of %q", slices.Concat(spec.Names, spec.URIs))
	}
	return nil
}

// handshake makes a connection one over TLS. It closes nc where that fails.
func (e *Endpoint) handshake(ctx, outer context.Context, nc net.Conn, config *tls.Config) (net.Conn, *Error) {
	below := &noted{Conn: nc}
	secured := &secureConn{Conn: tls.Client(below, config), below: below}
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = nc.Close()
		return nil, e.failed(outer, PhaseTLS, err)
	}
	return secured, nil
}

// secureConn is a connection over TLS that knows whether its end is genuine.
type secureConn struct {
	*tls.Conn
	below *noted
}

// NetConn returns the connection in clear text.
func (c *secureConn) NetConn() net.Conn { return c.below.Conn }

// Truncated says that the connection has ended without the word of TLS for it (close_notify, RFC 8446
// section 6.1). crypto/tls does not tell: it takes the end of the socket for that of the data.
func (c *secureConn) Truncated() bool { return c.below.ended.Load() }

// noted is a connection that notes its end. After a close_notify nobody reads on, so that it stays unseen.
type noted struct {
	net.Conn
	ended atomic.Bool
}

// Read implements net.Conn.
func (c *noted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		c.ended.Store(true)
	}
	return n, err
}
