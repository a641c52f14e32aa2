package gateway

import (
	"cmp"
	"strings"

	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// pattern returns the host pattern that a host name of the Gateway API means, as in
// ir.Host.Pattern. A wildcard stands for one label or more (Hostname).
func pattern(hostname string) (string, error) {
	if hostname == "" {
		return "", nil
	}
	p, err := resolve.Host(hostname, resolve.HostKinds{})
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(p, "*.") {
		p = "*" + p
	}
	return p, nil
}

// suffix returns what a wildcard stands before, with the dot, and "" for other patterns.
func suffix(pattern string) string {
	if rest, wildcard := strings.CutPrefix(pattern, "**"); wildcard {
		return rest
	}
	return ""
}

// covers reports whether every host that the narrow pattern stands for is one of
// the wide pattern.
func covers(wide, narrow string) bool {
	if wide == "" || wide == narrow {
		return true
	}
	below := suffix(wide)
	return below != "" && narrow != "" && strings.HasSuffix(narrow, below)
}

// intersect returns the pattern of the hosts that two patterns have in common.
func intersect(a, b string) (string, bool) {
	switch {
	case covers(a, b):
		return b, true
	case covers(b, a):
		return a, true
	}
	return "", false
}

// comparePatterns orders patterns from the most to the least specific: names,
// then wildcards from the longest to the shortest, then "".
func comparePatterns(a, b string) int {
	return cmp.Or(
		cmp.Compare(patternRank(a), patternRank(b)),
		-cmp.Compare(len(a), len(b)),
	)
}

func patternRank(p string) int {
	switch {
	case p == "":
		return 2
	case suffix(p) != "":
		return 1
	}
	return 0
}

// written returns a pattern as users write it.
func written(pattern string) string {
	if pattern == "" {
		return "any host"
	}
	if suffix(pattern) != "" {
		return pattern[1:]
	}
	return pattern
}
