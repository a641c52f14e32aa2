package ir

import "strings"

// SatisfyAny lets a request pass where one of its filters does (satisfy any of nginx).
// These only say who may come in; at most one of them asks an upstream.
type SatisfyAny struct{ Filters []Filter }

func (*SatisfyAny) isFilter() {}

func (s *SatisfyAny) words() string {
	words := make([]string, len(s.Filters))
	for i, f := range s.Filters {
		words[i] = "(" + FilterString(f) + ")"
	}
	return "satisfy-any " + strings.Join(words, " or ")
}

func (v *validator) satisfyAny(s *SatisfyAny) {
	v.check(len(s.Filters) > 1, "there is no choice of what to satisfy")
	asked := 0
	for _, f := range s.Filters {
		switch f := f.(type) {
		case *IPAccess:
			v.check(f != nil && len(f.Allow) > 0, "access by address that satisfies allows nobody")
		case *BasicAuth, *BearerAuth, *JWT:
		case *ExternalAuth:
			asked++
		default:
			v.problem("a filter of the type %T cannot be satisfied", f)
		}
	}
	v.check(asked <= 1, "two upstreams are asked for one request")
	v.filters(s.Filters)
}

func upstreamOfAny(list []Filter) string {
	for _, f := range list {
		if key := FilterUpstream(f); key != "" {
			return key
		}
	}
	return ""
}
