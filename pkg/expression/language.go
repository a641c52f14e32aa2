package expression

import (
	"fmt"
	"slices"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
)

const (
	// MaxLength bounds the text of an expression, in bytes.
	MaxLength = 1024
	// maxCost bounds the worst case of an expression, in CEL's units of about an operation each.
	maxCost = 2000
	// maxText is how long texts of requests are taken to be in the worst case.
	maxText = 4096
	// maxKnown bounds the programs that a Language keeps.
	maxKnown = 256
)

// Purpose is what expressions are for.
type Purpose struct {
	// Each is what one is computed for again and again, such as "endpoint".
	Each string
	// Want says in words what it gives, and Gives by type.
	Want  string
	Gives []*cel.Type
	// Names are what it may name besides the request.
	Names []cel.EnvOption
}

// Language compiles expressions of one purpose. Make it with New.
type Language struct {
	purpose     Purpose
	environment func() (*cel.Env, error)

	// mu guards known: programs by their text, as each translation and each table asks for the same
	// ones again.
	mu    sync.Mutex
	known map[string]*compiled
}

type compiled struct {
	program cel.Program
	err     error
}

// New makes a language. It costs next to nothing until the first expression comes.
func New(p Purpose) *Language {
	return &Language{purpose: p, environment: sync.OnceValues(func() (*cel.Env, error) {
		return cel.NewEnv(append(requestNames(), p.Names...)...)
	})}
}

// Compile makes a program of an expression. The error says what the expression is or does, as the
// rest of a sentence. Programs are shared.
func (l *Language) Compile(text string) (cel.Program, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.known[text]
	if c == nil {
		c = new(compiled)
		c.program, c.err = l.compile(text)
		if l.known == nil || len(l.known) >= maxKnown {
			l.known = make(map[string]*compiled)
		}
		l.known[text] = c
	}
	return c.program, c.err
}

// compile is Compile for a text that is not known.
func (l *Language) compile(text string) (cel.Program, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("is longer than %d bytes", MaxLength)
	}
	env, err := l.environment()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("is no expression: %w", err)
	}
	if t := ast.OutputType(); !slices.ContainsFunc(l.purpose.Gives, t.IsExactType) {
		return nil, fmt.Errorf("gives a value of the type %s, want %s", t, l.purpose.Want)
	}
	worst, err := env.EstimateCost(ast, sizes{})
	if err != nil {
		return nil, err
	}
	if worst.Max > maxCost {
		return nil, fmt.Errorf("may cost %d operations for each %s, at most %d are allowed", worst.Max, l.purpose.Each, maxCost)
	}
	return env.Program(ast, cel.EvalOptions(cel.OptOptimize))
}

// sizes bounds what is not known before there is a request.
type sizes struct{}

// EstimateSize implements checker.CostEstimator.
func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: maxText}
}

// EstimateCallCost implements checker.CostEstimator.
func (sizes) EstimateCallCost(function, _ string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	if function != functionHeader && function != functionClaim {
		return nil
	}
	return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 100}, ResultSize: &checker.SizeEstimate{Max: maxText}}
}
