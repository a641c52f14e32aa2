package translate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// reason is a reason of a condition, of one sort of objects.
type reason struct{ of, word string }

// sorts are the prefixes of the constants of the Gateway API, each with the objects whose
// conditions they are for. Of two that fit the longer counts.
var sorts = map[string]string{
	"BackendTLSPolicyReason": "BackendTLSPolicy",
	"GatewayClassReason":     "GatewayClass",
	"GatewayReason":          "Gateway",
	"ListenerEntryReason":    "listener of a ListenerSet",
	"ListenerReason":         "listener of a Gateway",
	"ListenerSetReason":      "ListenerSet",
	"PolicyReason":           "policy",
	"RouteReason":            "route",
}

// Why a reason does not occur.
const (
	deprecated = "it is deprecated"
	unready    = "the type Ready is reserved for future use"
	pending    = "nothing is written before it is decided upon"
)

// never are the reasons that Sluice does not give.
var never = map[reason]string{
	{"Gateway", "Scheduled"}:                          deprecated,
	{"Gateway", "NotReconciled"}:                      deprecated,
	{"Gateway", "Ready"}:                              unready,
	{"Gateway", "ListenersNotReady"}:                  unready,
	{"Gateway", "Pending"}:                            pending,
	{"Gateway", "NoResources"}:                        "a Gateway needs a Service alone, and an address that it lacks is AddressNotAssigned",
	{"GatewayClass", "Pending"}:                       pending,
	{"GatewayClass", "Waiting"}:                       deprecated,
	{"GatewayClass", "Unsupported"}:                   "classes of any name are supported",
	{"GatewayClass", "SupportedVersion"}:              "the type SupportedVersion is experimental, and CRDs of any version are served by what they have",
	{"GatewayClass", "UnsupportedVersion"}:            "as above",
	{"ListenerSet", "Pending"}:                        pending,
	{"ListenerSet", "Invalid"}:                        "what is invalid in it is a listener: ListenersNotValid",
	{"listener of a Gateway", "Attached"}:             deprecated,
	{"listener of a Gateway", "Ready"}:                unready,
	{"listener of a Gateway", "Pending"}:              pending,
	{"listener of a ListenerSet", "Ready"}:            unready,
	{"listener of a ListenerSet", "Pending"}:          pending,
	{"listener of a ListenerSet", "ListenerConflict"}: "the reason says which conflict it is",
	{"listener of a ListenerSet", "TooManyListeners"}: "the number is not bounded",
	{"route", "Pending"}:                              pending,
}

// elsewhere are the reasons that are not known to a translation, each with the test of
// another package that shows them.
var elsewhere = map[reason]string{
	{"Gateway", "AddressNotAssigned"}:     "pkg/kube/status.TestAGatewayGetsAServiceAndItsAddress",
	{"Gateway", "AddressNotUsable"}:       "pkg/kube/status.TestAddressesThatAreAskedFor",
	{"Gateway", "UnsupportedAddress"}:     "pkg/kube/status.TestAddressesThatAreAskedFor",
	{"Gateway", "InvalidParameters"}:      "pkg/kube/status.TestParametersOfAGatewayThatAreNotThere",
	{"GatewayClass", "InvalidParameters"}: "pkg/kube/status.TestParametersOfAClassThatAreNotThere",
	{"ListenerSet", "ParentNotAccepted"}:  "pkg/kube/status.TestAListenerSetOfAGatewayThatIsNotAccepted",
}

// TestEveryReasonHasACase looks for each reason that the Gateway API has in what golden cases
// expect of the status, unless it is known not to occur, or to occur elsewhere.
func TestEveryReasonHasACase(t *testing.T) {
	defined, shown := definedReasons(t), shownReasons(t)
	for r := range defined {
		_, not := never[r]
		test, other := elsewhere[r]
		switch found := shown[r] != ""; {
		case not && (found || other):
			t.Errorf("%s of a %s never occurs, but does in %s", r.word, r.of, shown[r]+test)
		case other && found:
			t.Errorf("%s of a %s is in %s, so no other test is needed", r.word, r.of, shown[r])
		case other:
			if body := testBody(t, test); !strings.Contains(body, r.word) {
				t.Errorf("%s says nothing of %s", test, r.word)
			}
		case !not && !found:
			t.Errorf("no golden case shows %s of a %s", r.word, r.of)
		}
	}
	for r := range maps.Keys(never) {
		if !defined[r] {
			t.Errorf("the Gateway API has no %s of a %s", r.word, r.of)
		}
	}
	for r := range maps.Keys(elsewhere) {
		if !defined[r] {
			t.Errorf("the Gateway API has no %s of a %s", r.word, r.of)
		}
	}
}

// TestEveryTypeHasACase is TestEveryReasonHasACase for the types of conditions.
func TestEveryTypeHasACase(t *testing.T) {
	shown := make(map[string]bool)
	for _, line := range statusWords(t) {
		for _, word := range line.words {
			shown[oneCondition.FindStringSubmatch(word)[1]] = true
		}
	}
	never := map[string]string{"Ready": unready, "Scheduled": deprecated, "Detached": deprecated, "SupportedVersion": "it is experimental"}
	defined := make(map[string]bool)
	for _, c := range constants(t, "ConditionType") {
		defined[c.word] = true
		if _, not := never[c.word]; not == shown[c.word] {
			t.Errorf("%s: a golden case shows it: %v, it never occurs: %v", c.name, shown[c.word], not)
		}
	}
	for kind := range never {
		if !defined[kind] {
			t.Errorf("the Gateway API has no condition %s", kind)
		}
	}
}

// definedReasons reads the constants of the Gateway API.
func definedReasons(t *testing.T) map[reason]bool {
	prefixes := slices.SortedFunc(maps.Keys(sorts), func(a, b string) int { return len(b) - len(a) })
	all := make(map[reason]bool)
	for _, c := range constants(t, "ConditionReason") {
		i := slices.IndexFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.name, p) })
		if i < 0 {
			t.Errorf("nobody knows what %s is a reason of", c.name)
			continue
		}
		all[reason{sorts[prefixes[i]], c.word}] = true
	}
	return all
}

// constant is one of the Gateway API.
type constant struct{ name, word string }

// constants returns those whose types have a suffix.
func constants(t *testing.T, suffix string) []constant {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api/apis/v1").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*_types.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no types of the Gateway API: %v", err)
	}
	var all []constant
	for _, name := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			kind, typed := spec.Type.(*ast.Ident)
			if !typed || !strings.HasSuffix(kind.Name, suffix) {
				return false
			}
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, constant{spec.Names[0].Name, word})
			return false
		})
	}
	return all
}

var (
	oneCondition = regexp.MustCompile(`^(\w+)(?:=\w+\((\w+)\))?$`)
	ownLine      = regexp.MustCompile(`^(\w+)/\S+:(.*)$`)
	listenerOf   = regexp.MustCompile(`^  listener \S+ \[[^]]*\] routes \d+:(.*)$`)
	entryOf      = regexp.MustCompile(`^  \w+/[^:]+:(.*)$`)
)

// statusWord is the conditions of something in a golden case.
type statusWord struct {
	file, of string
	words    []string
}

// statusWords reads what the golden cases expect of the status (statusLines).
func statusWords(t *testing.T) []statusWord {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []statusWord
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kind := ""
		for line := range strings.Lines(string(file(archive, wantStatus))) {
			line = strings.TrimSuffix(line, "\n")
			of, conditions := "", ""
			if m := ownLine.FindStringSubmatch(line); m != nil {
				kind, of, conditions = m[1], m[1], m[2]
			} else if m := listenerOf.FindStringSubmatch(line); m != nil {
				of, conditions = "listener of a "+kind, m[1]
			} else if m := entryOf.FindStringSubmatch(line); m != nil {
				of, conditions = kind, m[1]
			}
			all = append(all, statusWord{filepath.Base(name), of, strings.Fields(conditions)})
		}
	}
	return all
}

// shownReasons returns the reasons that golden cases expect, each with a case that has it.
func shownReasons(t *testing.T) map[reason]string {
	all := make(map[reason]string)
	for _, line := range statusWords(t) {
		for _, word := range line.words {
			for _, r := range reasonsOf(t, line.of, word) {
				all[r] = line.file
			}
		}
	}
	return all
}

// reasonsOf returns the reason that a word of statusLines stands for. Those of policies count for
// their kind and for policies as such.
func reasonsOf(t *testing.T, of, word string) []reason {
	m := oneCondition.FindStringSubmatch(word)
	if m == nil {
		t.Fatalf("%q is no condition", word)
	}
	said := m[2]
	switch {
	case said != "":
	case m[1] == "Conflicted":
		said = "NoConflicts"
	default:
		said = m[1]
	}
	switch {
	case strings.HasSuffix(of, "Policy"):
		return []reason{{of, said}, {"policy", said}}
	case strings.HasSuffix(of, "Route"):
		return []reason{{"route", said}}
	}
	return []reason{{of, said}}
}
