package upstream

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// SessionKeySize is the least number of bytes of Options.SessionKey.
const SessionKeySize = 16

const (
	sessionIDSize = 12
	sessionMAC    = 16
	// sessionToken is an ID, the second of the Unix time of its creation, and the signature.
	sessionToken = sessionIDSize + 4 + sessionMAC
)

// tokenText writes one token one way alone.
var tokenText = base64.RawURLEncoding.Strict()

// SessionID names an endpoint without telling its address: it is an HMAC of the
// endpoint set and of the Pod, or of the address where there is no Pod. Replicas with one
// key know an endpoint by the same ID. The zero value names none.
type SessionID [sessionIDSize]byte

// newSessionKey is the key of a process that was given none.
func newSessionKey() []byte {
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return key
}

// sign returns the HMAC of parts, each preceded by its length.
func (r *Registry) sign(parts ...string) [sha256.Size]byte {
	h := hmac.New(sha256.New, r.opts.SessionKey)
	for _, part := range parts {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(min(len(part), math.MaxUint32)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Token returns what a client sends to come back to the endpoint that an ID names,
// in a session of that name that was created at a time. It is text for a cookie.
func (r *Registry) Token(session string, id SessionID, created time.Time) string {
	var raw [sessionToken]byte
	copy(raw[:], id[:])
	binary.BigEndian.PutUint32(raw[sessionIDSize:], uint32(max(created.Unix(), 0)))
	mac := r.sign("session", session, string(raw[:sessionIDSize+4]))
	copy(raw[sessionIDSize+4:], mac[:])
	return tokenText.EncodeToString(raw[:])
}

// ParseToken is the inverse of Token. It returns false for what Token has not made
// with the same key for a session of that name.
func (r *Registry) ParseToken(session string, token []byte) (id SessionID, created time.Time, ok bool) {
	var raw [sessionToken]byte
	if len(token) != tokenText.EncodedLen(sessionToken) {
		return SessionID{}, time.Time{}, false
	}
	if n, err := tokenText.Decode(raw[:], token); err != nil || n != sessionToken {
		return SessionID{}, time.Time{}, false
	}
	mac := r.sign("session", session, string(raw[:sessionIDSize+4]))
	if !hmac.Equal(mac[:sessionMAC], raw[sessionIDSize+4:]) {
		return SessionID{}, time.Time{}, false
	}
	seconds := binary.BigEndian.Uint32(raw[sessionIDSize:])
	return SessionID(raw[:sessionIDSize]), time.Unix(int64(seconds), 0), true
}

// Holds says whether an ID names an endpoint of the pool that may be picked.
func (p *Pool) Holds(id SessionID) bool { return p.list.Load().session(p, id) != nil }

// Bound says whether an ID names this endpoint of the pool.
func (p *Pool) Bound(e *Endpoint, id SessionID) bool {
	return id != (SessionID{}) && p.list.Load().session(p, id) == e
}

// SessionID returns the endpoint's ID. It changes when another Pod takes over the address.
func (e *Endpoint) SessionID() SessionID {
	name := "address " + e.address
	if pod := e.spec.Load().Target; pod != "" {
		name = "pod " + pod
	}
	sum := e.pool.registry.sign("endpoint", *e.pool.set.Load(), name)
	return SessionID(sum[:sessionIDSize])
}

// session returns the endpoint with an ID among those that may be picked, nil
// where there is none.
func (l *list) session(p *Pool, id SessionID) *Endpoint {
	l.sessions.once.Do(func() {
		l.sessions.byID = make(map[SessionID]*Endpoint, len(l.anywhere))
		for _, e := range l.anywhere {
			l.sessions.byID[e.SessionID()] = e
		}
	})
	return l.sessions.byID[id]
}

// ofSession returns the endpoint that a request is bound to, nil where there is none or
// it was tried.
func (p *Pool) ofSession(l *list, id SessionID, tried []*Endpoint) *Endpoint {
	if id == (SessionID{}) {
		return nil
	}
	e := l.session(p, id)
	if e == nil || slices.Contains(tried, e) {
		return nil
	}
	return e
}
