package match

import (
	"strings"
	"testing"
)

func TestTheLongestVersionThatEndsAtASeparatorIsFound(t *testing.T) {
	tests := map[string]struct {
		served, wanted, want string
	}{
		"the version itself":               {"2", "2", "2"},
		"a minor version":                  {"2", "2.0", "2"},
		"a pre-release of a patch":         {"2", "2.1.1-beta", "2"},
		"build metadata":                   {"2", "2+5", "2"},
		"a number that only begins alike":  {"2", "20", ""},
		"a minor number that begins alike": {"2.1", "2.10", ""},
		"the longest":                      {"2 2.1", "2.1.2", "2.1"},
		"the shorter where it must be":     {"2 2.1", "2.2", "2"},
		"a date":                           {"2010-01-01", "2010-01-01.1020", "2010-01-01"},
		"another date":                     {"2010-01-01", "2010-01-02", ""},
		"a year that has no version":       {"2010-01-01", "2010", ""},
		"less than what is served":         {"2.1", "2", ""},
		"nothing":                          {"2", "", ""},
		"a separator alone":                {"2", ".", ""},
		"two separators":                   {"2", "2..1", "2"},
		"another case":                     {"beta", "Beta", ""},
		"no end":                           {"2", "2." + strings.Repeat("1", 200), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, _ := versions(tt.served).Find([]byte(tt.wanted)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func versions(served string) Versions[string] {
	exact := make(map[string]string)
	for _, v := range strings.Fields(served) {
		exact[v] = v
	}
	return NewVersions(exact)
}

// serves is the rule as it is documented, for one version.
func serves(version, wanted string) bool {
	rest, ok := strings.CutPrefix(wanted, version)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], ".-+"))
}

func FuzzVersions(f *testing.F) {
	f.Add("2 2.1 20", "2.1.2")
	f.Add("2010-01-01 2010", "2010-01-01.1020")
	f.Add("1 1-a 1-a+b", "1-a+b.c")
	f.Fuzz(func(t *testing.T, served, wanted string) {
		if len(wanted) > maxVersion {
			return
		}
		want := ""
		for _, v := range strings.Fields(served) {
			if serves(v, wanted) && len(v) > len(want) {
				want = v
			}
		}
		if got, ok := versions(served).Find([]byte(wanted)); got != want || ok != (want != "") {
			t.Errorf("%q of %q: got %q, want %q", wanted, served, got, want)
		}
	})
}

func TestFindingAVersionDoesNotAllocate(t *testing.T) {
	v, wanted := versions("1 2 2.1 3"), []byte("2.1.7-beta")
	if n := testing.AllocsPerRun(100, func() { v.Find(wanted) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
