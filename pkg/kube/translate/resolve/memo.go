package resolve

import (
	"crypto/sha256"
	"encoding/binary"

	"k8s.io/apimachinery/pkg/types"
)

// Memo keeps what was parsed in earlier translations, by its content, as parsing
// thousands of private keys takes seconds. One goroutine at a time may use it.
type Memo struct {
	// now are the certificates that the running translation has used; before
	// are those of the one before it, which are dropped after it.
	now, before map[fingerprint]*certificate
}

// NewMemo returns an empty memo.
func NewMemo() *Memo { return &Memo{} }

// turn begins a translation.
func (m *Memo) turn() {
	m.before, m.now = m.now, make(map[fingerprint]*certificate, len(m.now))
}

// certificate returns what parse does. A nil Memo parses each time.
func (m *Memo) certificate(name types.NamespacedName, chain, key, response []byte) *certificate {
	if m == nil {
		return parse(name, chain, key, response)
	}
	sum := fingerprintOf([]byte(name.String()), chain, key, response)
	c := m.now[sum]
	if c == nil {
		c = m.before[sum]
	}
	if c == nil {
		c = parse(name, chain, key, response)
	}
	m.now[sum] = c
	return c
}

// fingerprintOf is unambiguous: each part is preceded by its length.
func fingerprintOf(parts ...[]byte) (sum fingerprint) {
	h := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	h.Sum(sum[:0])
	return sum
}
