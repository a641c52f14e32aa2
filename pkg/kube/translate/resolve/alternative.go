package resolve

import (
	"fmt"
	"strings"
)

// AlternativeDomain makes every host of one domain answer in another, too
// (--alternative-domain): the domain itself and all names below it.
type AlternativeDomain struct {
	// Domain and Alternative are DNS names in lower case.
	Domain, Alternative string
}

// ParseAlternativeDomain reads DOMAIN=DOMAIN.
func ParseAlternativeDomain(text string) (AlternativeDomain, error) {
	from, to, ok := strings.Cut(strings.ToLower(text), "=")
	// A dot in front is how cookies and other proxies write "and what is below".
	from, to = strings.TrimPrefix(from, "."), strings.TrimPrefix(to, ".")
	if !ok || !isDNSName(from) || !isDNSName(to) || from == to {
		return AlternativeDomain{}, fmt.Errorf("%q is not DOMAIN=DOMAIN with two names", text)
	}
	return AlternativeDomain{Domain: from, Alternative: to}, nil
}

// String returns the form that ParseAlternativeDomain reads.
func (a AlternativeDomain) String() string { return a.Domain + "=" + a.Alternative }

// Of returns the pattern that stands in the alternative domain for a host pattern,
// and false where the pattern is not of the domain.
func (a AlternativeDomain) Of(pattern string) (string, bool) {
	head, ok := strings.CutSuffix(pattern, a.Domain)
	if !ok || head != "" && !strings.HasSuffix(head, ".") {
		return "", false
	}
	if other := head + a.Alternative; len(other) <= 253 {
		return other, true
	}
	return "", false
}
