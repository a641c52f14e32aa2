package class

import (
	"errors"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/sluice-dev/sluice/pkg/expression"
)

// language is what classes are written in.
var language = expression.New(expression.Purpose{
	Each:  "request",
	Want:  "the name of a class (string)",
	Gives: []*cel.Type{cel.StringType},
	Names: []cel.EnvOption{expression.Claims()},
})

// Program is a compiled expression.
type Program struct{ program cel.Program }

// Compile makes a program of an expression whose value is a text. The error says what the
// expression is or does, as the rest of a sentence.
func Compile(text string) (*Program, error) {
	program, err := language.Compile(text)
	if err != nil {
		return nil, err
	}
	return &Program{program}, nil
}

// errNoText says that an expression has given what names no class.
var errNoText = errors.New("the class is no text")

// activations are those that no evaluation uses.
var activations = sync.Pool{New: func() any { return new(activation) }}

// Of returns the name of a request's class, which need not be one that there is.
func (p *Program) Of(r expression.Claimer) (string, error) {
	a := activations.Get().(*activation)
	a.request.Asker = r
	value, _, err := p.program.Eval(a)
	a.request.Asker = nil
	activations.Put(a)
	if err != nil {
		return "", err
	}
	text, ok := value.(types.String)
	if !ok {
		return "", errNoText
	}
	return string(text), nil
}

// activation answers what an expression asks for.
type activation struct{ request expression.Request }

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) { return a.request.Resolve(name) }
