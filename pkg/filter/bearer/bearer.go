// Package bearer holds the filter that asks for one of some known tokens.
//
// In comes an ir.BearerAuth, checked once by the constructor; out comes a
// filter.RequestHead, which holds no state and may be called by any goroutine. It keeps
// hashes of the tokens alone and looks them up by hash, so that the time that an answer
// takes says nothing of them.
package bearer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// maxToken bounds what is hashed.
const maxToken = 8192

// Filter lets those pass who have a token.
type Filter struct {
	names   map[[sha256.Size]byte][]byte
	asked   string
	forward bool
}

var _ filter.RequestHead = (*Filter)(nil)

// New makes the filter. The error names whose token cannot be used.
func New(spec *ir.BearerAuth) (*Filter, error) {
	if len(spec.Tokens) == 0 {
		return nil, errors.New("there is no token")
	}
	f := &Filter{
		names:   make(map[[sha256.Size]byte][]byte, len(spec.Tokens)),
		asked:   `Bearer realm="` + spec.Realm + `"`,
		forward: spec.Forward,
	}
	for _, t := range spec.Tokens {
		if !Sound(t.Token) {
			return nil, fmt.Errorf("the token of %q cannot be sent", t.Name)
		}
		sum := sha256.Sum256(t.Token)
		if _, twice := f.names[sum]; twice {
			return nil, fmt.Errorf("%q and another have the same token", t.Name)
		}
		f.names[sum] = []byte(t.Name)
	}
	return f, nil
}

// Sound says whether a token can stand in a field (RFC 6750 section 2.1, b64token).
func Sound(token []byte) bool {
	if len(token) == 0 || len(token) > maxToken {
		return false
	}
	body := bytes.TrimRight(token, "=")
	for _, c := range body {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case bytes.IndexByte([]byte("-._~+/"), c) >= 0:
		default:
			return false
		}
	}
	return len(body) > 0
}

// OnRequestHead returns 401 for a request without a token that is known.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	field := x.Request.Header.GetKnown(wire.Authorization)
	scheme, token, _ := bytes.Cut(field, []byte{' '})
	if !wire.EqualName(scheme, "bearer") {
		return &filter.Answer{Status: 401, Reason: "token_required", Header: []filter.AnswerField{{Name: "WWW-Authenticate", Value: f.asked}}}
	}
	token = bytes.TrimSpace(token)
	if len(token) <= maxToken {
		if name, ok := f.names[sha256.Sum256(token)]; ok {
			x.Principal = name
			if !f.forward {
				x.Request.Header.DelKnown(wire.Authorization)
			}
			return nil
		}
	}
	return &filter.Answer{
		Status: 401, Reason: "token_unknown",
		Header: []filter.AnswerField{{Name: "WWW-Authenticate", Value: f.asked + `, error="invalid_token"`}},
	}
}
