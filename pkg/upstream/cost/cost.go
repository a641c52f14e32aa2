package cost

import (
	"errors"
	"math"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/sluice-dev/sluice/pkg/expression"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// language is what costs are written in.
var language = expression.New(expression.Purpose{
	Each:  "endpoint",
	Want:  "a number",
	Gives: []*cel.Type{cel.IntType, cel.UintType, cel.DoubleType},
	Names: []cel.EnvOption{
		cel.Variable("endpoint.active", cel.IntType),
		cel.Variable("endpoint.latencyMs", cel.DoubleType),
		cel.Variable("endpoint.weight", cel.IntType),
		cel.Variable("endpoint.ageSeconds", cel.DoubleType),
		cel.Variable("endpoint.failures", cel.IntType),
		cel.Variable("endpoint.address", cel.StringType),
		cel.Variable("endpoint.zone", cel.StringType),
		cel.Variable("endpoint.node", cel.StringType),
		cel.Variable("proxy.zone", cel.StringType),
	},
})

// Program is a compiled expression.
type Program struct{ program cel.Program }

var _ balance.Cost = (*Program)(nil)

// Compile makes a program of an expression whose value is a number. The error says what the
// expression is or does, as the rest of a sentence.
func Compile(text string) (*Program, error) {
	program, err := language.Compile(text)
	if err != nil {
		return nil, err
	}
	return &Program{program}, nil
}

// errNoNumber says that an expression has given what cannot be compared.
var errNoNumber = errors.New("the cost is no number")

// activations are those that no evaluation uses.
var activations = sync.Pool{New: func() any { return new(activation) }}

// Of implements balance.Cost. It allocates as the expression does: a little for each number that it
// computes.
func (p *Program) Of(s *balance.Subject, r balance.Asker) (float64, error) {
	a := activations.Get().(*activation)
	a.subject, a.request.Asker = s, r
	value, _, err := p.program.Eval(a)
	a.subject, a.request.Asker = nil, nil
	activations.Put(a)
	if err != nil {
		return 0, err
	}
	var cost float64
	switch v := value.(type) {
	case types.Double:
		cost = float64(v)
	case types.Int:
		cost = float64(v)
	case types.Uint:
		cost = float64(v)
	default:
		return 0, errNoNumber
	}
	if math.IsNaN(cost) {
		return 0, errNoNumber
	}
	return cost, nil
}

// activation answers what an expression asks for.
type activation struct {
	subject *balance.Subject
	request expression.Request
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	s := a.subject
	switch name {
	case "endpoint.active":
		return types.Int(s.Active), true
	case "endpoint.latencyMs":
		return types.Double(s.Latency.Seconds() * 1000), true
	case "endpoint.weight":
		return types.Int(s.Weight), true
	case "endpoint.ageSeconds":
		return types.Double(s.Age.Seconds()), true
	case "endpoint.failures":
		return types.Int(min(s.Failures, math.MaxInt64)), true
	case "endpoint.address":
		return types.String(s.Address), true
	case "endpoint.zone":
		return types.String(s.Zone), true
	case "endpoint.node":
		return types.String(s.Node), true
	case "proxy.zone":
		return types.String(s.ProxyZone), true
	}
	return a.request.Resolve(name)
}
