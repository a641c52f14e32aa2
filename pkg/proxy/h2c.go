package proxy

import (
	"bytes"
	"time"
)

// H2C says how clients may come to speak HTTP/2 without TLS. Empty means H2CPriorKnowledge.
type H2C string

const (
	// H2CPriorKnowledge serves HTTP/2 to connections that begin with its preface (RFC
	// 9113 section 3.3), and HTTP/1.1 to all others.
	H2CPriorKnowledge H2C = "prior-knowledge"
	// H2COff serves HTTP/1.1 alone.
	H2COff H2C = "off"
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
