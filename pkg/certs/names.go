package certs

import (
	"strings"

	"github.com/sluice-dev/sluice/pkg/table/match"
)

// names is a choice by server name: the most specific pattern counts. The maps are by host:
// the pattern without "*." and "**.".
type names[T any] struct {
	exact, wildcard, suffix map[string]T
	partial                 match.Partials[T]
}

func newNames[T any](size int) names[T] {
	return names[T]{exact: make(map[string]T, size), wildcard: make(map[string]T), suffix: make(map[string]T)}
}

// set enters what a pattern leads to.
func (n *names[T]) set(pattern string, to T) (rule Rule) {
	if host, ok := strings.CutPrefix(pattern, "**."); ok {
		n.suffix[host] = to
		return RuleSuffix
	}
	if match.IsPartial(pattern) {
		// What is no pattern is never asked for.
		_ = n.partial.Add(pattern, to)
		return RulePartial
	}
	if host, ok := strings.CutPrefix(pattern, "*."); ok {
		n.wildcard[host] = to
		return RuleWildcard
	}
	n.exact[pattern] = to
	return RuleExact
}

// find returns what a name leads to, which is in lower case, without a final dot and not empty.
func (n *names[T]) find(name string) (to T, ok bool) {
	if to, ok = n.exact[name]; ok {
		return to, true
	}
	if to, _, ok = n.partial.Find([]byte(name), 0); ok {
		return to, true
	}
	_, parent, below := strings.Cut(name, ".")
	if below {
		if to, ok = n.wildcard[parent]; ok {
			return to, true
		}
	}
	for below && len(n.suffix) > 0 {
		if to, ok = n.suffix[parent]; ok {
			return to, true
		}
		_, parent, below = strings.Cut(parent, ".")
	}
	return to, false
}

// fold returns a server name as it is looked up.
func fold(serverName string) string { return strings.TrimSuffix(strings.ToLower(serverName), ".") }
