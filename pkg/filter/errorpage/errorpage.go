// Package errorpage holds the filter that replaces answers that say that something went wrong.
//
// In comes an ir.ErrorPage, checked once by the constructor; out comes a filter.ErrorPage, which
// holds no state and may be called by any goroutine. The proxy asks it about each answer
// with a status from 400 up, and sends the question to the upstream where the page has one.
package errorpage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Page replaces answers.
type Page struct {
	statuses    []ir.StatusRange
	endpoints   bool
	asks        bool
	ownStatus   bool
	header      []field
	contentType string
	content     filter.Content
}

type field struct {
	name  string
	value filter.Text
}

var _ filter.ErrorPage = (*Page)(nil)

// New makes the filter. The error says which value cannot be sent.
func New(spec *ir.ErrorPage) (*Page, error) {
	p := &Page{
		statuses: spec.Statuses, endpoints: spec.Endpoints, asks: spec.Upstream != "", ownStatus: spec.OwnStatus,
		contentType: spec.ContentType,
	}
	if len(spec.Statuses) == 0 || !p.asks && (spec.Body == "" || spec.ContentType == "") {
		return nil, errors.New("the error page is for no status, or has no content")
	}
	for _, f := range spec.Header {
		if !wire.IsToken([]byte(f.Name)) || ir.ManagedHeader(strings.ToLower(f.Name)) {
			return nil, fmt.Errorf("the header %q cannot be sent", f.Name)
		}
		text, err := filter.ParseText(string(f.Value))
		if err != nil {
			return nil, fmt.Errorf("the value of the header %s: %w", f.Name, err)
		}
		p.header = append(p.header, field{f.Name, text})
	}
	if !wire.IsFieldValue([]byte(spec.ContentType)) {
		return nil, errors.New("the type of the error page cannot be sent")
	}
	var err error
	if p.content, err = filter.NewContent(string(spec.Body), spec.ContentType); err != nil {
		return nil, fmt.Errorf("the body of the error page: %w", err)
	}
	return p, nil
}

// Asks says that the page comes from an upstream.
func (p *Page) Asks() bool { return p.asks }

// OwnStatus says that the status of the upstream's answer counts.
func (p *Page) OwnStatus() bool { return p.ownStatus }

// Replaces says whether an answer is replaced; own says that it is Sluice's.
func (p *Page) Replaces(status int, own bool) bool {
	return (own || p.endpoints) && slices.ContainsFunc(p.statuses, func(r ir.StatusRange) bool { return r.From <= status && status <= r.To })
}

// Content returns the page.
func (p *Page) Content(x *filter.Exchange) (contentType string, body []byte) {
	return p.contentType, p.content.For(x)
}

// conditional are fields that are about what the client asked for, not about the page.
var conditional = [...]string{
	"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range", "Content-Type",
	"Content-Encoding", "Content-Language", "Content-Range",
}

// Ask fills in the question, whose method is set: a request for "/" with the client's fields
// and those by which ingress-nginx's custom-http-errors tells what is missing.
func (p *Page) Ask(x *filter.Exchange, question *wire.Request) {
	question.Path, question.Version = []byte("/"), wire.HTTP11
	question.Authority = x.Request.Authority
	h := &question.Header
	h.CopyFrom(&x.Request.Header)
	for _, name := range conditional {
		h.Del(name)
	}
	h.Set("X-Code", strconv.AppendInt(nil, int64(x.Status), 10))
	h.Set("X-Format", x.Request.Header.GetKnown(wire.Accept))
	h.Set("X-Original-URI", x.Original)
	for i := range p.header {
		h.Set(p.header[i].name, p.header[i].value.Append(nil, x))
	}
}
