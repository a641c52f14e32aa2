package upstream

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// labels gives pools what metrics call them: the name of their endpoints, and a variant that tells pools of
// equal endpoints apart. Both depend on the key alone, so that they are the same on each replica, however long
// the text of the settings in the key is. Each pair is given once.
type labels map[[2]string]struct{}

// shortVariant is how many characters a variant has.
const shortVariant = 8

func (l labels) of(p *Pool) (name, variant string) {
	name, sum := split(p.spec.Endpoints, p.key)
	variant = sum[:min(len(sum), shortVariant)]
	if _, taken := l[[2]string{name, variant}]; taken {
		// Users write what is in the key, so somebody may have looked for settings that come to the same.
		variant = sum
	}
	l[[2]string{name, variant}] = struct{}{}
	return name, variant
}

// variantOf returns what tells a pool from others of the same endpoints.
func variantOf(endpoints, key string) string {
	_, sum := split(endpoints, key)
	return sum[:min(len(sum), shortVariant)]
}

// split returns the name of the endpoints, and a digest of what stands behind it in the key, empty for nothing.
func split(endpoints, key string) (name, sum string) {
	settings, ok := strings.CutPrefix(key, endpoints)
	if !ok || settings == "" {
		return key, ""
	}
	digest := sha256.Sum256([]byte(settings))
	return endpoints, hex.EncodeToString(digest[:])
}
