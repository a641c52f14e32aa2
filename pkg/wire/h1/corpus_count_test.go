package h1

import (
	"maps"
	"testing"
)

// joined returns all cases of both, whose names must differ.
func joined[C any](t testing.TB, a, b map[string]C) map[string]C {
	t.Helper()
	all := maps.Clone(a)
	for name, c := range b {
		if _, twice := all[name]; twice {
			t.Errorf("two cases are called %q", name)
		}
		all[name] = c
	}
	return all
}

// refusedMessage is what each case of the corpus comes down to.
type refusedMessage struct {
	method, raw string // The method is that of the request, where raw is a response.
	fault       string
}

// corpus returns the cases of all kinds by their kind and name.
func corpus(t testing.TB) map[string]refusedMessage {
	t.Helper()
	all := make(map[string]refusedMessage)
	for kind, cases := range map[string]map[string]refusal{
		"request ": joined(t, refusedRequests, ambiguousRequests), "body ": joined(t, refusedBodies, ambiguousBodies),
	} {
		for name, c := range cases {
			all[kind+name] = refusedMessage{raw: c.raw, fault: c.fault}
		}
	}
	for name, c := range joined(t, refusedResponses, hostileResponses) {
		all["response "+name] = refusedMessage{c.method, c.raw, c.fault}
	}
	for name, c := range hostileBodies {
		all["response body "+name] = refusedMessage{"GET", c.raw, c.fault}
	}
	return all
}

// TestCorpus checks the corpus itself: it is as large as it should be, no case
// repeats another, each says its fault, and each fault that the codec knows has a case.
func TestCorpus(t *testing.T) {
	all := corpus(t)
	if len(all) < 400 {
		t.Errorf("the corpus has %d cases", len(all))
	}
	seen := make(map[[2]string]string)
	faults := make(map[string]int)
	for name, c := range all {
		if c.fault == "" {
			t.Errorf("%q does not say its fault", name)
		}
		faults[c.fault]++
		key := [2]string{c.method, c.raw}
		if other := seen[key]; other != "" {
			t.Errorf("%q is %q again", name, other)
		}
		seen[key] = name
	}
	for _, fault := range knownFaults {
		if faults[fault.Fault] == 0 {
			t.Errorf("no case is refused for %q", fault.Fault)
		}
	}
	t.Logf("%d cases, %d faults", len(all), len(faults))
}

var knownFaults = []*Error{
	errEmptyLine, errBareLF, errBareCR, errRequestLine, errMethod, errMethodTooLong, errVersionSyntax, errVersion, errStatusLine,
	errTarget, errTargetTooLong, errTargetForm, errTargetConflict, errHeadTooLarge, errTooManyFields, errObsFold, errNameEmpty,
	errName, errSpaceBeforeColon, errNoColon, errValue, errHostMissing, errHostDuplicate, errHost, errLength, errLengthDuplicate,
	errLengthAndCoding, errCoding, errCodingDuplicate, errCodingUnknown, errCodingInHTTP10, errFramingForbidden, errConnection,
	errUpgrade, errExpectation, errChunkSize, errChunkSizeLarge, errChunkExt, errChunkExtLong, errChunkEnd, errTrailerTooLarge,
	errTrailerForbidden,
}
