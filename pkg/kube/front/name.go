package front

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// namePrefix makes a name that may begin with a digit that of a Service, which
	// begins with a letter.
	namePrefix = "sluice-"
	// maxName is how long the name of a Service may be (RFC 1035 label).
	maxName = 63
)

// Name returns the name of a Gateway's Service. It is that of the Gateway behind
// a prefix; where that is no name for a Service, its beginning and a hash of all of it.
func Name(gateway string) string {
	name := namePrefix + gateway
	if len(name) <= maxName && !strings.Contains(name, ".") {
		return name
	}
	sum := sha256.Sum256([]byte(gateway))
	hash := hex.EncodeToString(sum[:5])
	name = strings.ReplaceAll(name, ".", "-")
	name = name[:min(len(name), maxName-len(hash)-1)]
	return strings.TrimRight(name, "-") + "-" + hash
}
