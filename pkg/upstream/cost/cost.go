package cost

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"

	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

const (
	// MaxLength bounds the text of an expression, in bytes.
	MaxLength = 1024
	// maxCost bounds the worst case of an expression, in CEL's units of about an operation each.
	maxCost = 2000
	// maxText is how long texts of requests are taken to be in the worst case.
	maxText = 4096
)

// Program is a compiled expression.
type Program struct{ program cel.Program }

var _ balance.Cost = (*Program)(nil)

// environment declares what an expression may name.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("endpoint.active", cel.IntType),
		cel.Variable("endpoint.latencyMs", cel.DoubleType),
		cel.Variable("endpoint.weight", cel.IntType),
		cel.Variable("endpoint.ageSeconds", cel.DoubleType),
		cel.Variable("endpoint.failures", cel.IntType),
		cel.Variable("endpoint.address", cel.StringType),
		cel.Variable("endpoint.zone", cel.StringType),
		cel.Variable("endpoint.node", cel.StringType),
		cel.Variable("proxy.zone", cel.StringType),
		cel.Variable("request", requestType),
		cel.Variable("request.method", cel.StringType),
		cel.Variable("request.host", cel.StringType),
		cel.Variable("request.path", cel.StringType),
		cel.Variable("request.client", cel.StringType),
		cel.Function("header", cel.MemberOverload("request_header", []*cel.Type{requestType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(header))),
	)
})

// compile is Compile for a text that is not known.
func compile(text string) (*Program, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("is longer than %d bytes", MaxLength)
	}
	env, err := environment()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("is no expression: %w", err)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.IntType) && !t.IsExactType(cel.UintType) && !t.IsExactType(cel.DoubleType) {
		return nil, fmt.Errorf("gives a value of the type %s, want a number", t)
	}
	worst, err := env.EstimateCost(ast, sizes{})
	if err != nil {
		return nil, err
	}
	if worst.Max > maxCost {
		return nil, fmt.Errorf("may cost %d operations for each endpoint, at most %d are allowed", worst.Max, maxCost)
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, err
	}
	return &Program{program}, nil
}

// sizes bounds what is not known before there is a request.
type sizes struct{}

// EstimateSize implements checker.CostEstimator.
func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: maxText}
}

// EstimateCallCost implements checker.CostEstimator.
func (sizes) EstimateCallCost(function, _ string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	if function != "header" {
		return nil
	}
	return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 100}, ResultSize: &checker.SizeEstimate{Max: maxText}}
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
	request request
}

// Parent implements interpreter.Activation.
func (a *activation) Parent() interpreter.Activation { return nil }

// ResolveName implements interpreter.Activation.
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
	return a.request.resolve(name)
}
