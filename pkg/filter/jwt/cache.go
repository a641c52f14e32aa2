package jwt

import "sync"

// maxRemembered bounds the tokens that are remembered.
const maxRemembered = 4096

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
