package proxy

import (
	"bytes"
	"io"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// H2C says how clients may come to speak HTTP/2 without TLS. Empty means H2CPriorKnowledge.
type H2C string

const (
	// H2CPriorKnowledge serves HTTP/2 to connections that begin with its preface (RFC
	// 9113 section 3.3), and HTTP/1.1 to all others.
	H2CPriorKnowledge H2C = "prior-knowledge"
	// H2COff serves HTTP/1.1 alone.
	H2COff H2C = "off"
	// H2CUpgrade is H2CPriorKnowledge, and answers an Upgrade to h2c with 101 (RFC 7540
	// section 3.2, which RFC 9113 has dropped). It is for clients that know no other way: a
	// proxy in front that passes the Upgrade on does not see the requests that follow.
	H2CUpgrade H2C = "upgrade"
	// H2COnly serves HTTP/2 alone.
	H2COnly H2C = "only"
)

// serveClear serves a connection without TLS if it is one of HTTP/2.
func (c *connection) serveClear() (served bool) {
	switch c.proxy.opts.H2C {
	case H2COff:
		return false
	case H2COnly:
	default:
		if !c.await() {
			return true
		}
		if !c.hasPreface() {
			return false
		}
	}
	buffered := bytes.Clone(c.h1.Buffered())
	c.h1.Release()
	c.serveHTTP2(buffered)
	return true
}

// prefaceLine is what tells HTTP/2 from all that is HTTP/1.
const prefaceLine = "PRI * HTTP/2.0\r\n"

// hasPreface says whether a connection of which the first byte has come begins as
// one of HTTP/2 does. It waits for as many bytes as are needed to tell, and leaves them to be read.
func (c *connection) hasPreface() bool {
	bounded := false
	for n := 1; ; n++ {
		if _, err := c.h1.Peek(n); err != nil {
			return false
		}
		got := c.h1.Buffered()
		if n = min(len(got), len(prefaceLine)); string(got[:n]) != prefaceLine[:n] {
			return false
		}
		if n == len(prefaceLine) {
			return true
		}
		if !bounded {
			c.awaitRead(time.Now(), c.proxy.timeouts.Head, time.Time{})
			bounded = true
		}
	}
}

// switching is the answer to an upgrade to HTTP/2.
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

// upgraded returns the codec to go on with if the request asks for HTTP/2, of
// which it is the first stream then; nil for none.
func (c *connection) upgraded(req *wire.Request) *h2.Conn {
	if len(req.HTTP2Settings) == 0 || c.secure != nil {
		return nil
	}
	conn := h2.NewConn(c.nc, bytes.Clone(c.h1.Buffered()), c.proxy.http2)
	if conn.Upgrade(req) != nil {
		return nil // RFC 9110 section 7.8: an Upgrade may be ignored.
	}
	return conn
}

// switchTo goes on with HTTP/2.
func (c *connection) switchTo(conn *h2.Conn) {
	c.h1.Release()
	c.awaitWrite(time.Now(), c.proxy.timeouts.Write, time.Time{})
	if _, err := io.WriteString(c.nc, switching); err == nil {
		c.speakHTTP2(conn)
	}
}
