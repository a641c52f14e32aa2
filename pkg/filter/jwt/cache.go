package jwt

import (
	"strconv"
	"sync"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
)

// maxRemembered bounds the tokens that are remembered for one memory.
const maxRemembered = 4096

// Registry keeps the keys and tokens that filters know, as long as one of them asks for the same, so that they
// outlive tables. The zero value is ready for use, by any goroutine.
type Registry struct{ shared filter.Shared[*memory] }

// memory is what is known to filters for which the same tokens are good and say the same.
type memory struct {
	// keys are nil where they come from a URL.
	keys  *jwks.Set
	cache cache
}

// acquire returns the memory for what a filter asks for.
func (r *Registry) acquire(spec *ir.JWT) (*memory, func(), error) {
	var shared *filter.Shared[*memory]
	if r != nil {
		shared = &r.shared
	}
	return shared.Acquire(identity(spec), func() (m *memory, err error) {
		m = new(memory)
		m.keys, err = fixedKeys(&spec.Keys)
		return m, err
	})
}

// identity stands for all that verified depends on. The leeway does not belong to it, since the time is looked at
// whenever a token comes, nor do the places of tokens and what becomes of them.
func identity(spec *ir.JWT) filter.Digest {
	k := &spec.Keys
	parts := []string{k.URL, k.Refresh.String(), k.CAs, k.JWKS, k.PEM, string(k.HMAC), spec.Principal}
	for _, list := range [][]string{spec.Algorithms, spec.Issuers, spec.Audiences} {
		parts = append(append(parts, strconv.Itoa(len(list))), list...)
	}
	for _, h := range spec.Headers {
		parts = append(parts, h.Name, h.Claim)
	}
	return filter.DigestOf(parts...)
}

// cache remembers tokens that were verified. The zero value is ready for use.
type cache struct {
	mu   sync.RWMutex
	byID map[tokenID]*verified
}

// get returns nil for a token that is not remembered.
func (c *cache) get(id tokenID) *verified {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id]
}

// put remembers a token, in the place of any other where there are too many.
func (c *cache) put(id tokenID, v *verified) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = make(map[tokenID]*verified)
	}
	if len(c.byID) >= maxRemembered {
		for old := range c.byID {
			delete(c.byID, old)
			break
		}
	}
	c.byID[id] = v
}
