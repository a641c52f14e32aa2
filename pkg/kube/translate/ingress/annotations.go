package ingress

import (
	"net/netip"
	"strings"
)

// Use says what is done about an annotation.
type Use uint8

const (
	// Supported annotations do what they say.
	Supported Use = iota
	// Unsupported ones have no effect and are reported.
	Unsupported
	// Guards restrict access. They are not supported, and what they guard is
	// closed rather than left open.
	Guards
	// Snippet ones hold configuration text of nginx, which is never obeyed. They close what
	// they may guard.
	Snippet
	// Idle ones need no effect: what they would tune does not exist, or needs no tuning.
	// They are told without a warning.
	Idle
)

// Annotation describes one annotation. Unless NginxOnly is true it is known
// under both prefixes.
type Annotation struct {
	// Name is the part after the prefix.
	Name string
	// Type, Default and Scope are words for the reference page. Default is that of
	// ingress-nginx where Sluice has none of its own; Scope is what one value counts
	// for: route, host, object, upstream or process.
	Type, Default, Scope string
	Use                  Use
	// AsIs is a value that asks for what is done anyway, or empty.
	AsIs string
	// Doc is one sentence.
	Doc       string
	NginxOnly bool
}

// everyone is the AsIs of lists of CIDR that contain all addresses.
const everyone = "everyone"

// Annotations lists every annotation that is known.
func Annotations() []Annotation { return annotations }

// find returns an annotation by its name without prefix, nil for an unknown one.
func find(name string) *Annotation { return byName[name] }

var byName = func() map[string]*Annotation {
	index := make(map[string]*Annotation, len(annotations))
	for i := range annotations {
		index[annotations[i].Name] = &annotations[i]
	}
	return index
}()

// asIs reports whether a value asks for what is done anyway.
func (a *Annotation) asIs(value string) bool {
	if a.AsIs == everyone {
		return allowsEveryone(value)
	}
	return a.AsIs != "" && strings.EqualFold(strings.TrimSpace(value), a.AsIs)
}

// allowsEveryone reports whether a list of CIDR contains all addresses of both families.
func allowsEveryone(list string) bool {
	var v4, v6 bool
	for cidr := range strings.SplitSeq(list, ",") {
		if p, err := netip.ParsePrefix(strings.TrimSpace(cidr)); err == nil && p.Bits() == 0 {
			v4 = v4 || p.Addr().Is4()
			v6 = v6 || p.Addr().Is6()
		}
	}
	return v4 && v6
}
