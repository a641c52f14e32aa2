// Package basicauth holds the filter that asks for a name and a password.
//
// In comes an ir.BasicAuth, checked once by the constructor; out comes a
// filter.RequestHead, which any goroutine may call. It lets nobody pass whom it
// cannot check, and takes as long for a name that it does not know as for a wrong
// password. Passwords that were right are remembered, as hashes under a key of their
// own, because checking one takes long on purpose: in a Registry, by the whole text of the users, so that new tables
// need not check them again, and a text that has changed makes them forgotten.
package basicauth

import (
	"bytes"
	"encoding/base64"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// maxCredentials bounds what is decoded.
const maxCredentials = 1024

// Filter lets users pass who know their password.
type Filter struct {
	memory    *memory
	release   func()
	challenge string
}

var (
	_ filter.RequestHead = (*Filter)(nil)
	_ filter.Releaser    = (*Filter)(nil)
)

// New makes the filter. The error names the line of the users that cannot be used. A nil registry
// makes it remember nothing of others. It holds what is known of the users until Release.
func New(spec *ir.BasicAuth, registry *Registry) (*Filter, error) {
	m, release, err := registry.acquire(spec.Users)
	if err != nil {
		return nil, err
	}
	return &Filter{memory: m, release: release, challenge: `Basic realm="` + spec.Realm + `", charset="UTF-8"`}, nil
}

// Release gives back what is known of the users.
func (f *Filter) Release() { f.release() }

// OnRequestHead returns 401 unless the request says a name and its password.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if name, password, ok := credentials(x.Request.Header.Get("Authorization")); ok && f.memory.check(name, password) {
		x.Principal = name
		return nil
	}
	return &filter.Answer{
		Status: 401,
		Reason: "password_required",
		Header: []filter.AnswerField{{Name: "WWW-Authenticate", Value: f.challenge}},
	}
}

// credentials reads the field (RFC 7617 section 2).
func credentials(field []byte) (name, password []byte, ok bool) {
	scheme, encoded, found := bytes.Cut(field, []byte{' '})
	if !found || !bytes.EqualFold(scheme, []byte("basic")) || len(encoded) > maxCredentials {
		return nil, nil, false
	}
	plain, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(encoded))
	if err != nil {
		return nil, nil, false
	}
	return bytes.Cut(plain, []byte{':'})
}
