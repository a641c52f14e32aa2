package resolve

import (
	"errors"
	"net/netip"
	"strings"
)

// HostKinds says which patterns besides a plain name a field may hold.
type HostKinds struct {
	// Partial allows "cdn-*.example.com".
	Partial bool
	// Suffix allows "**.example.com".
	Suffix bool
	// Any allows "*" for every host.
	Any bool
}

// Host returns the pattern that a host field means, as in ir.Host.Pattern, in lower case.
// The error says what is wrong with it.
func Host(host string, kinds HostKinds) (pattern string, err error) {
	host = strings.ToLower(host)
	if kinds.Any && host == "*" {
		return "", nil
	}
	if host == "" {
		return "", errors.New("is empty")
	}
	name := host
	if rest, found := strings.CutPrefix(host, "**."); found && kinds.Suffix {
		name = rest
	} else if rest, found := strings.CutPrefix(host, "*."); found {
		name = rest
	} else if label, _, found := strings.Cut(host, "."); found && kinds.Partial && strings.Count(label, "*") == 1 {
		name = strings.Replace(host, "*", "x", 1)
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "", errors.New("is an IP address and not a DNS name")
	}
	if !isDNSName(name) {
		return "", errors.New("is not a DNS name")
	}
	return host, nil
}
