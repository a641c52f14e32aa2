package proxyroute

import (
	"strings"

	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// coveredBy returns the patterns below a host pattern that a certificate covers.
func coveredBy(pattern string, certificate *resolve.Certificate) []string {
	parent, deep := strings.CutPrefix(pattern, "**.")
	if pattern != "" && !deep {
		if certificate.Covers(pattern) {
			return []string{pattern}
		}
		return nil
	}
	var names []string
	for _, name := range certificate.Names() {
		if pattern == "" || strings.HasSuffix(name, "."+parent) {
			names = append(names, name)
		}
	}
	return names
}
