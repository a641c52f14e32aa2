package basicauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"

	"github.com/sluice-dev/sluice/pkg/filter"
)

// maxRemembered bounds the passwords that are remembered for one list of users.
const maxRemembered = 4096

// Registry keeps what is known of the users of filters, as long as one of them has the same list, so that
// it outlives tables. The zero value is ready for use, by any goroutine.
type Registry struct{ shared filter.Shared[*memory] }

// memory is what is known of one list of users.
type memory struct {
	users    map[string]hash
	stranger hash
	key      [sha256.Size]byte

	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{}
}

// acquire returns what is known of the users of an htpasswd file. Another text is another list.
func (r *Registry) acquire(text []byte) (*memory, func(), error) {
	var shared *filter.Shared[*memory]
	if r != nil {
		shared = &r.shared
	}
	return shared.Acquire(filter.DigestOf(string(text)), func() (*memory, error) { return newMemory(text) })
}

func newMemory(text []byte) (*memory, error) {
	users, err := parse(text)
	if err != nil {
		return nil, err
	}
	m := &memory{users: users, stranger: slowest(users), known: make(map[[sha256.Size]byte]struct{})}
	if _, err := rand.Read(m.key[:]); err != nil {
		return nil, err
	}
	return m, nil
}

// check says whether the password is that of the name.
func (m *memory) check(name, password []byte) bool {
	h, exists := m.users[string(name)]
	if !exists {
		// Whether a name exists must not show in the time that the answer takes.
		m.stranger.matches(password)
		return false
	}
	id := m.identify(name, password)
	if m.remembers(id) {
		return true
	}
	if !h.matches(password) {
		return false
	}
	m.remember(id)
	return true
}

// identify returns what stands for a name with its password.
func (m *memory) identify(name, password []byte) [sha256.Size]byte {
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write(name)
	mac.Write([]byte{0})
	mac.Write(password)
	return [sha256.Size]byte(mac.Sum(nil))
}

func (m *memory) remembers(id [sha256.Size]byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, found := m.known[id]
	return found
}

// remember remembers a password, in the place of any other where there are too many.
func (m *memory) remember(id [sha256.Size]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= maxRemembered {
		for old := range m.known {
			delete(m.known, old)
			break
		}
	}
	m.known[id] = struct{}{}
}
