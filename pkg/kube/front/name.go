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
	if name := namePrefix + gateway; len(name) <= maxName && !strings.Contains(name, ".") {
		return name
	}
	return hashed(gateway, gateway)
}

// FurtherName returns the name of the Service for a further address that a Gateway asks
// for, which is there only for that.
func FurtherName(gateway, address string) string {
	return hashed(gateway, gateway+"/"+address) // No Gateway has such a name.
}

// hashed is the beginning of a Gateway's name with the hash of a text behind it.
func hashed(gateway, text string) string {
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:5])
	name := strings.ReplaceAll(namePrefix+gateway, ".", "-")
	name = name[:min(len(name), maxName-len(hash)-1)]
	return strings.TrimRight(name, "-") + "-" + hash
}
