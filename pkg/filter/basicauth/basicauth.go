// Package basicauth holds the filter that asks for a name and a password.
//
// In comes an ir.BasicAuth, checked once by the constructor; out comes a
// filter.RequestHead, which any goroutine may call. It lets nobody pass whom it
// cannot check, and takes as long for a name that it does not know as for a wrong
// password. Passwords that were right are remembered, as hashes under a key of its
// own, because checking one takes long on purpose.
package basicauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// maxRemembered bounds the passwords that are remembered.
const maxRemembered = 4096

// maxCredentials bounds what is decoded.
const maxCredentials = 1024

// Filter lets users pass who know their password.
type Filter struct {
	users     map[string]hash
	stranger  hash
	challenge string
	key       [sha256.Size]byte

	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{}
}

var _ filter.RequestHead = (*Filter)(nil)

// New makes the filter. The error names the line of the users that cannot be used.
func New(spec *ir.BasicAuth) (*Filter, error) {
	users, err := parse(spec.Users)
	if err != nil {
		return nil, err
	}
	f := &Filter{
		users:     users,
		stranger:  slowest(users),
		challenge: `Basic realm="` + spec.Realm + `", charset="UTF-8"`,
		known:     make(map[[sha256.Size]byte]struct{}),
	}
	if _, err := rand.Read(f.key[:]); err != nil {
		return nil, err
	}
	return f, nil
}

// OnRequestHead returns 401 unless the request says a name and its password.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if name, password, ok := credentials(x.Request.Header.Get("Authorization")); ok && f.check(name, password) {
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

// check says whether the password is that of the name.
func (f *Filter) check(name, password []byte) bool {
	h, exists := f.users[string(name)]
	if !exists {
		// Whether a name exists must not show in the time that the answer takes.
		f.stranger.matches(password)
		return false
	}
	mac := hmac.New(sha256.New, f.key[:])
	mac.Write(name)
	mac.Write([]byte{0})
	mac.Write(password)
	sum := [sha256.Size]byte(mac.Sum(nil))
	f.mu.Lock()
	_, remembered := f.known[sum]
	f.mu.Unlock()
	if remembered {
		return true
	}
	if !h.matches(password) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= maxRemembered {
		for old := range f.known {
			delete(f.known, old)
			break
		}
	}
	f.known[sum] = struct{}{}
	return true
}
