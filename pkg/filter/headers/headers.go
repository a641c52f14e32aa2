// Package headers holds the filters that edit the heads of requests and responses.
//
// In comes an ir.HeaderEdit, checked once by the constructor; out comes a
// filter.RequestHead or filter.ResponseHead, which holds no state and may be
// called by any goroutine.
package headers

import (
	"fmt"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Request edits the heads of requests.
type Request struct{ edit }

// Response edits the heads of responses.
type Response struct{ edit }

var (
	_ filter.RequestHead  = (*Request)(nil)
	_ filter.ResponseHead = (*Response)(nil)
)

// NewRequest makes the filter. The error names the field that cannot be written.
func NewRequest(spec *ir.ModifyRequestHeader) (*Request, error) {
	e, err := newEdit(&spec.Edit)
	return &Request{e}, err
}

// NewResponse makes the filter. The error names the field that cannot be written.
func NewResponse(spec *ir.ModifyResponseHeader) (*Response, error) {
	e, err := newEdit(&spec.Edit)
	return &Response{e}, err
}

// OnRequestHead edits x.Request.
func (f *Request) OnRequestHead(x *filter.Exchange) *filter.Answer {
	f.apply(&x.Request.Header, x)
	return nil
}

// OnResponseHead edits x.Response.
func (f *Response) OnResponseHead(x *filter.Exchange) { f.apply(&x.Response.Header, x) }

// edit is an ir.HeaderEdit, ready for use.
type edit struct {
	remove   []string
	set, add []field
}

type field struct {
	name  string
	value filter.Text
}

func newEdit(spec *ir.HeaderEdit) (e edit, err error) {
	for _, name := range spec.Remove {
		if err := check(name); err != nil {
			return edit{}, err
		}
	}
	e.remove = spec.Remove
	if e.set, err = fields(spec.Set); err != nil {
		return edit{}, err
	}
	e.add, err = fields(spec.Add)
	return e, err
}

func fields(specs []ir.HeaderField) ([]field, error) {
	list := make([]field, 0, len(specs))
	for _, s := range specs {
		if err := check(s.Name); err != nil {
			return nil, err
		}
		if i := strings.IndexFunc(string(s.Value), func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }); i >= 0 {
			return nil, fmt.Errorf("the value of the header %s holds a control character", s.Name)
		}
		text, err := filter.ParseText(string(s.Value))
		if err != nil {
			return nil, fmt.Errorf("the value of the header %s: %w", s.Name, err)
		}
		list = append(list, field{s.Name, text})
	}
	return list, nil
}

// check refuses names that no filter may write: what is no token, and what
// belongs to the connection or the framing of the message.
func check(name string) error {
	switch {
	case !wire.IsToken([]byte(name)):
		return fmt.Errorf("%q is no name of a header", name)
	case ir.ManagedHeader(strings.ToLower(name)):
		return fmt.Errorf("the header %s belongs to the connection and cannot be changed by a filter", name)
	}
	return nil
}

func (e *edit) apply(h *wire.Header, x *filter.Exchange) {
	for _, name := range e.remove {
		h.Del(name)
	}
	for i := range e.set {
		h.Set(e.set[i].name, e.set[i].text(x))
	}
	for i := range e.add {
		h.Add(e.add[i].name, e.add[i].text(x))
	}
}

// text returns the value; it is valid until the scratch is used again.
func (f *field) text(x *filter.Exchange) []byte {
	start := len(x.Scratch)
	filled := f.value.Append(x.Scratch, x)
	x.Scratch = filled[:start] // The header copies what it takes.
	return filled[start:]
}
