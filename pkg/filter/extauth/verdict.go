package extauth

import (
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// verdict is an answer. It never changes, so that it can be remembered.
type verdict struct {
	yes bool
	// status is that of the answer.
	status int
	// Reason is a word for the log, of a no.
	Reason string
	// edits are made to the request, in their order, of a yes.
	edits []edit
	// later are fields for the response, of a yes.
	later     []filter.LaterField
	principal []byte
	// query changes the query's parameters.
	setQuery    []pair
	removeQuery []string
	// header and body are those for the client, of a no.
	header []filter.AnswerField
	body   []byte
}

type pair struct{ name, value string }

// edit changes a field of the request.
type edit struct {
	action editAction
	name   string
	value  []byte
}

type editAction uint8

const (
	// remove removes all lines.
	remove editAction = iota
	// add adds a line.
	add
	// addIfAbsent adds one where there is none, overwriteIfExists replaces those that there are.
	addIfAbsent
	overwriteIfExists
)

// apply makes the changes that a yes asks for.
func (v *verdict) apply(f *Filter, x *filter.Exchange) {
	h := &x.Request.Header
	for i := range v.edits {
		e := &v.edits[i]
		switch e.action {
		case remove:
			filter.Forget(h, e.name)
		case add:
			h.Add(e.name, e.value)
		case addIfAbsent:
			if !h.Has(e.name) {
				h.Add(e.name, e.value)
			}
		case overwriteIfExists:
			if h.Has(e.name) {
				h.Set(e.name, e.value)
			}
		}
	}
	if len(v.principal) > 0 {
		x.Principal = v.principal
	}
	x.Later = append(x.Later, v.later...)
	if len(v.setQuery)+len(v.removeQuery) > 0 {
		x.Request.Query = v.editQuery(x.Request.Query)
		x.Request.HasQuery = len(x.Request.Query) > 0
	}
}

// refuse returns what the client gets for a no.
func (f *Filter) refuse(x *filter.Exchange, v *verdict) *filter.Answer {
	if v.status == 401 && f.spec.SignIn != "" {
		a := &filter.Answer{Status: 302, Reason: "auth_sign_in"}
		a.Header = append(a.Header, filter.AnswerField{Name: "Location", Value: string(f.signIn.Append(nil, x))})
		for _, field := range v.header {
			if strings.EqualFold(field.Name, "Set-Cookie") {
				a.Header = append(a.Header, field)
			}
		}
		return a
	}
	if !f.spec.Plain {
		return &filter.Answer{Status: v.status, Reason: v.Reason, Header: v.header, Body: v.body}
	}
	switch v.status {
	case 401:
		a := &filter.Answer{Status: 401, Reason: v.Reason}
		for _, field := range v.header {
			if strings.EqualFold(field.Name, "WWW-Authenticate") {
				a.Header = append(a.Header, field)
			}
		}
		return a
	case 400, 403:
		return &filter.Answer{Status: v.status, Reason: v.Reason}
	}
	return &filter.Answer{Status: f.spec.FailStatus, Reason: "auth_unavailable"}
}

// ofReply makes a verdict of an answer over HTTP, nil for one that says that the upstream is broken.
func (f *Filter) ofReply(c *filter.Call) *verdict {
	status := c.Response.Status
	yes := status == 200 || !f.spec.OnlyOK && status >= 200 && status <= 299
	if status >= 500 {
		return nil
	}
	v := &verdict{yes: yes, status: status, Reason: "auth_refused"}
	if !yes {
		if status < 300 {
			v.status = 403 // A success that is no yes must not look like the back end's.
		}
		v.header, v.body = forClient(&c.Response.Header), c.Reply
		return v
	}
	seen := make(map[string]bool)
	for _, field := range c.Response.Header.Fields() {
		name := strings.ToLower(string(field.Name))
		if f.toEndpoint[name] || f.spec.AllToEndpoint && !ir.ManagedHeader(name) && !ofAnswer(name) {
			if !seen[name] {
				seen[name] = true
				v.edits = append(v.edits, edit{remove, string(field.Name), nil})
			}
			v.edits = append(v.edits, edit{add, string(field.Name), field.Value})
		}
		if f.toClient[name] && !ir.ManagedHeader(name) {
			v.later = append(v.later, filter.LaterField{Name: string(field.Name), Value: string(field.Value), IfSound: !f.spec.ToClientAlways})
		}
		if f.spec.Principal == name && name != "" {
			v.principal = field.Value
		}
	}
	return v
}

// ofAnswer says that a field is about an answer itself, and says nothing to an endpoint.
func ofAnswer(name string) bool {
	switch name {
	case "date", "server", "via", "age", "vary", "etag", "last-modified", "cache-control", "expires", "pragma", "set-cookie", "x-request-id":
		return true
	}
	return strings.HasPrefix(name, "content-")
}

// forClient returns the fields of a no that the client gets.
func forClient(h *wire.Header) []filter.AnswerField {
	var list []filter.AnswerField
	for _, field := range h.Fields() {
		switch name := strings.ToLower(string(field.Name)); {
		case ir.ManagedHeader(name), name == "date", name == "x-request-id":
		default:
			list = append(list, filter.AnswerField{Name: string(field.Name), Value: string(field.Value)})
		}
	}
	return list
}
