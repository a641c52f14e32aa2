package table

import (
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// sticky keeps the requests of a session at one endpoint. It never changes.
type sticky struct {
	spec      *ir.Sticky
	upstreams *upstream.Registry
}

// session returns the endpoint that a request's session is bound to. A token that we have
// not made or that is too old is as good as none.
func (s *sticky) session(in *match.Input) (id upstream.SessionID, ok bool) {
	var token []byte
	switch s.spec.Source {
	case ir.StickyCookie:
		token, ok = in.Cookie(s.spec.Name)
	case ir.StickyHeader:
		token, ok = in.HeaderValue(s.spec.Name)
	case ir.StickyNone:
	}
	if !ok {
		return upstream.SessionID{}, false
	}
	id, created, ok := s.upstreams.ParseToken(s.spec.Name, token)
	if ok && s.spec.Lifetime > 0 && time.Since(created) >= s.spec.Lifetime {
		return upstream.SessionID{}, false
	}
	return id, ok
}

// bound returns the share whose pool has the endpoint of the request's session, nil
// where no share has.
func (s *sticky) bound(in *match.Input, c *choice) (*share, upstream.SessionID) {
	id, ok := s.session(in)
	if !ok {
		return nil, upstream.SessionID{}
	}
	for i := range c.shares {
		if pool := c.shares[i].pool; pool != nil && pool.Holds(id) {
			return &c.shares[i], id
		}
	}
	return nil, upstream.SessionID{}
}

// explain says what becomes of a request's session.
func (s *sticky) explain(in *match.Input, c *choice) string {
	bound := "the request names no endpoint that serves, so the strategy chooses one"
	if share, _ := s.bound(in, c); share != nil {
		bound = "the request stays at its endpoint of " + share.pool.Key()
	}
	return s.spec.String() + ": " + bound
}

// Stick returns the field that the response must have to bind the client's
// session to the endpoint that serves, which was picked by ask. The name is empty where
// none is needed: the route has no sessions, or the session is bound already. secure
// says that the client came over TLS.
func (r *Route) Stick(e *upstream.Endpoint, ask upstream.Ask, secure bool) (name, value string) {
	if r.sticky == nil || e.Pool().Bound(e, ask.Session) {
		return "", ""
	}
	s := r.sticky.spec
	token := r.sticky.upstreams.Token(s.Name, e.SessionID(), time.Now())
	if s.Source == ir.StickyHeader {
		return s.Name, token
	}
	return "Set-Cookie", cookie(s, token, secure)
}

// cookie returns a cookie with its attributes (RFC 6265 section 4.1.1).
func cookie(s *ir.Sticky, token string, secure bool) string {
	var b strings.Builder
	b.WriteString(s.Name + "=" + token + "; Path=" + s.Path)
	if s.Domain != "" {
		b.WriteString("; Domain=" + s.Domain)
	}
	if s.Permanent {
		b.WriteString("; Max-Age=" + strconv.FormatInt(int64(s.Lifetime/time.Second), 10))
	}
	if !s.Readable {
		b.WriteString("; HttpOnly")
	}
	if s.Secure == ir.SecureAlways || s.Secure == ir.SecureAuto && secure {
		b.WriteString("; Secure")
	}
	if s.SameSite != "" {
		b.WriteString("; SameSite=" + s.SameSite)
	}
	return b.String()
}
