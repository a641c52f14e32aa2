package h2

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// errSettings means that HTTP2-Settings is no payload of a SETTINGS frame.
var errSettings = errors.New("h2: HTTP2-Settings cannot be read")

// Upgrade makes a request of HTTP/1.1 without a body, which came with an Upgrade to h2c, the
// connection's first stream (RFC 7540 section 3.2). It is copied. What the client sends
// next begins with the preface. Upgrade comes before Serve, and after an error Serve must not be called.
func (c *Conn) Upgrade(r *wire.Request) error {
	payload, err := base64.RawURLEncoding.Strict().DecodeString(string(r.HTTP2Settings))
	if err != nil || len(payload)%6 != 0 || len(payload) > maxUpgradeSettings {
		return errSettings
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := payload; len(p) > 0; p = p[6:] {
		if err := c.applySetting(binary.BigEndian.Uint16(p), binary.BigEndian.Uint32(p[2:])); err != nil {
			return err
		}
	}
	s := newStream(c, 1)
	s.req.Header.CopyFrom(&r.Header)
	s.req.Method, s.req.Authority = bytes.Clone(r.Method), bytes.Clone(r.Authority)
	s.req.Path, s.req.Query, s.req.HasQuery = bytes.Clone(r.Path), bytes.Clone(r.Query), r.HasQuery
	s.req.Version, s.req.TrailersAccepted = wire.HTTP2, r.TrailersAccepted
	c.lastID = s.id
	s.open(true)
	c.streams[s.id] = s
	c.ready = append(c.ready, s)
	return nil
}

// maxUpgradeSettings bounds the settings of an upgrade, in bytes; there are some ten of six.
const maxUpgradeSettings = 600
