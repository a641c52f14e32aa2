package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxLabel is how long the value of a label, and the name of a Service, may be.
const maxLabel = 63

// GatewayLabelValue returns the value of GatewayLabel for a Gateway of that name:
// the name itself where it fits into a label, else its beginning and a hash of
// all of it.
func GatewayLabelValue(gateway string) string {
	if len(gateway) <= maxLabel {
		return gateway
	}
	sum := sha256.Sum256([]byte(gateway))
	hash := hex.EncodeToString(sum[:5])
	return strings.TrimRight(gateway[:maxLabel-len(hash)-1], "-.") + "-" + hash
}
