package table

import (
	"fmt"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/class"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// Priority says which class of a queue a request is of.
type Priority struct {
	// header is the name of the field that names the class, empty where program does.
	header  string
	program *class.Program
	// classes are their names, the one that is served first first.
	classes []string
}

// newPriority returns nil where all requests are of one class.
func newPriority(q *ir.Queue) (*Priority, error) {
	if q.PriorityClasses == "" {
		return nil, nil
	}
	p := &Priority{header: q.PriorityHeader, classes: strings.Split(q.PriorityClasses, ",")}
	if q.PriorityExpression == "" {
		return p, nil
	}
	var err error
	if p.program, err = class.Compile(q.PriorityExpression); err != nil {
		return nil, fmt.Errorf("the expression of the priority %w", err)
	}
	return p, nil
}

// Class returns the class of a request: the lower, the sooner it is served. False means that it could
// not be computed, and that the request is of the last.
func (p *Priority) Class(in *match.Input, claims *filter.Claims) (int, bool) {
	if p.program == nil {
		value, _ := in.HeaderValue(p.header)
		return p.at(string(value)), true
	}
	name, err := p.program.Of(claimed{asked{in}, claims})
	if err != nil {
		return len(p.classes), false
	}
	return p.at(name), true
}

func (p *Priority) at(name string) int {
	for i, class := range p.classes {
		if name == class {
			return i
		}
	}
	return len(p.classes)
}

// claimed is a request as expression.Claimer.
type claimed struct {
	asked
	claims *filter.Claims
}

func (c claimed) Claim(name string) string {
	text, _ := c.claims.Text(name)
	return text
}
