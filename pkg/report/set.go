package report

import (
	"fmt"
	"slices"
)

// Set collects facts. The zero value is empty and ready for use. A nil *Set may
// be read and behaves as an empty one.
type Set struct {
	facts []Fact
}

// Add puts facts into the set.
func (s *Set) Add(facts ...Fact) {
	s.facts = append(s.facts, facts...)
}

// Errorf adds a fact of severity Error.
func (s *Set) Errorf(o Origin, field string, reason Reason, format string, args ...any) {
	s.Add(Fact{Origin: o, Field: field, Severity: Error, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// Warnf adds a fact of severity Warning.
func (s *Set) Warnf(o Origin, field string, reason Reason, format string, args ...any) {
	s.Add(Fact{Origin: o, Field: field, Severity: Warning, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// Infof adds a fact of severity Info.
func (s *Set) Infof(o Origin, field string, reason Reason, format string, args ...any) {
	s.Add(Fact{Origin: o, Field: field, Severity: Info, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// Merge adds all facts of t.
func (s *Set) Merge(t *Set) {
	if t != nil {
		s.facts = append(s.facts, t.facts...)
	}
}

// All returns the facts sorted by Fact.Compare, each once. The result is the caller's.
func (s *Set) All() []Fact {
	if s == nil {
		return nil
	}
	all := slices.Clone(s.facts)
	slices.SortStableFunc(all, Fact.Compare)
	return slices.Compact(all)
}

// Of returns the facts about one object, sorted, each once.
func (s *Set) Of(o Origin) []Fact {
	if s == nil {
		return nil
	}
	var own []Fact
	for _, f := range s.facts {
		if f.Origin == o {
			own = append(own, f)
		}
	}
	slices.SortStableFunc(own, Fact.Compare)
	return slices.Compact(own)
}

// ByOrigin returns the facts grouped by object, each group sorted.
func (s *Set) ByOrigin() map[Origin][]Fact {
	groups := make(map[Origin][]Fact)
	for _, f := range s.All() {
		groups[f.Origin] = append(groups[f.Origin], f)
	}
	return groups
}

// Worst returns the highest severity in the set and false where it is empty.
func (s *Set) Worst() (Severity, bool) {
	if s == nil || len(s.facts) == 0 {
		return Info, false
	}
	worst := Info
	for _, f := range s.facts {
		worst = max(worst, f.Severity)
	}
	return worst, true
}

// Len returns how many facts were added, duplicates included.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.facts)
}
