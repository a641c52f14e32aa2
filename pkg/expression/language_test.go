package expression

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
)

func TestTheProgramsThatAreKeptAreBounded(t *testing.T) {
	l := New(Purpose{Each: "request", Want: "a number", Gives: []*cel.Type{cel.IntType}})
	for i := range 2 * maxKnown {
		if _, err := l.Compile(strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		if len(l.known) > maxKnown {
			t.Fatalf("%d programs are kept, at most %d may be", len(l.known), maxKnown)
		}
	}
}

func TestEachLanguageHasItsNames(t *testing.T) {
	plain := New(Purpose{Each: "request", Want: "a text", Gives: []*cel.Type{cel.StringType}})
	claims := New(Purpose{Each: "request", Want: "a text", Gives: []*cel.Type{cel.StringType}, Names: []cel.EnvOption{Claims()}})
	const text = `request.claim("sub")`
	if _, err := plain.Compile(text); err == nil || !strings.Contains(err.Error(), "undeclared reference to 'claim'") {
		t.Errorf("without claims: got %v", err)
	}
	program, err := claims.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	// An asker that knows no claims has none.
	if value, _, err := program.Eval(&names{Request{plainAsker{}}}); err != nil || value.Value() != "" {
		t.Errorf("got %v, %v", value, err)
	}
	if _, err := claims.Compile(`request == request ? string(request) : ""`); err == nil {
		t.Error("a request can be made a text")
	}
}

// plainAsker is an Asker that is no Claimer.
type plainAsker struct{}

func (plainAsker) Method() string       { return "GET" }
func (plainAsker) Host() string         { return "h" }
func (plainAsker) Path() string         { return "/" }
func (plainAsker) Client() string       { return "" }
func (plainAsker) Header(string) string { return "x" }

type names struct{ request Request }

func (n *names) Parent() cel.Activation              { return nil }
func (n *names) ResolveName(name string) (any, bool) { return n.request.Resolve(name) }
