// Package respond holds the filters that end every exchange: with an answer of
// their own, or without a word.
//
// In comes an ir.DirectResponse or ir.Drop, checked once by the constructor; out
// comes a filter.RequestHead, which holds no state and may be called by any
// goroutine.
package respond

import (
	"fmt"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Direct answers with what it was told.
type Direct struct {
	status int
	header []field
	body   filter.Content
}

type field struct {
	name  string
	value filter.Text
}

// Drop cuts the exchange off.
type Drop struct{}

var (
	_ filter.RequestHead = (*Direct)(nil)
	_ filter.RequestHead = (*Drop)(nil)
)

// NewDirect makes the filter. The error says which value cannot be sent.
func NewDirect(spec *ir.DirectResponse) (*Direct, error) {
	if spec.Status < 200 || spec.Status > 599 {
		return nil, fmt.Errorf("status %d is not between 200 and 599", spec.Status)
	}
	d := &Direct{status: spec.Status}
	list := spec.Header
	if spec.ContentType != "" {
		list = append(list[:len(list):len(list)], ir.HeaderField{Name: "Content-Type", Value: ir.Literal(spec.ContentType)})
	}
	for _, f := range list {
		switch {
		case !wire.IsToken([]byte(f.Name)):
			return nil, fmt.Errorf("%q is no name of a header", f.Name)
		case ir.ManagedHeader(strings.ToLower(f.Name)):
			return nil, fmt.Errorf("the header %s belongs to the connection and cannot be set", f.Name)
		case strings.ContainsFunc(string(f.Value), isControl):
			return nil, fmt.Errorf("the value of the header %s holds a control character", f.Name)
		}
		text, err := filter.ParseText(string(f.Value))
		if err != nil {
			return nil, fmt.Errorf("the value of the header %s: %w", f.Name, err)
		}
		d.header = append(d.header, field{f.Name, text})
	}
	var err error
	if d.body, err = filter.NewContent(string(spec.Body), spec.ContentType); err != nil {
		return nil, fmt.Errorf("the body: %w", err)
	}
	return d, nil
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// OnRequestHead returns the answer.
func (d *Direct) OnRequestHead(x *filter.Exchange) *filter.Answer {
	x.Status = d.status
	a := &filter.Answer{Status: d.status, Reason: "direct_response", Body: d.body.For(x)}
	for i := range d.header {
		a.Header = append(a.Header, filter.AnswerField{Name: d.header[i].name, Value: string(d.header[i].value.Append(nil, x))})
	}
	return a
}

// NewDrop makes the filter.
func NewDrop(*ir.Drop) (*Drop, error) { return &Drop{}, nil }

// OnRequestHead ends the exchange without a word.
func (*Drop) OnRequestHead(*filter.Exchange) *filter.Answer {
	return &filter.Answer{Reason: "dropped"}
}
