package extauth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// The request of gRPC over HTTP/2.
var (
	methodPost = []byte("POST")
	checkPath  = []byte("/envoy.service.auth.v3.Authorization/Check")
)

// askGRPC asks by a call of gRPC.
func (f *Filter) askGRPC(x *filter.Exchange, body []byte) (*verdict, error) {
	message := make([]byte, 5, 1024)
	message = appendCheck(message, f.attributes(x, body))
	binary.BigEndian.PutUint32(message[1:], uint32(len(message)-5))
	c := &filter.Call{Timeout: f.spec.Timeout, MaxReply: maxReply, Body: message}
	r := &c.Request
	r.Method, r.Path, r.Length, r.TrailersAccepted = methodPost, checkPath, int64(len(message)), true
	r.Authority = []byte(f.spec.Upstream)
	if f.spec.Host != "" {
		r.Authority = f.host.Append(nil, x)
	}
	r.Header.Add("Content-Type", []byte("application/grpc"))
	r.Header.Add("Grpc-Timeout", fmt.Appendf(nil, "%dm", f.spec.Timeout.Milliseconds()))
	if len(x.RequestID) > 0 {
		r.Header.Add("X-Request-Id", x.RequestID)
	}
	if err := f.caller.Call(c); err != nil {
		return nil, err
	}
	content, err := grpcMessage(c)
	if err != nil {
		return nil, err
	}
	answer, err := parseCheck(content)
	if err != nil {
		return nil, err
	}
	return f.ofCheck(answer), nil
}

// grpcMessage returns the one message of a response.
func grpcMessage(c *filter.Call) ([]byte, error) {
	if c.Response.Status != 200 {
		return nil, errBroken
	}
	status := c.Trailer.Get("grpc-status")
	if status == nil {
		status = c.Response.Header.Get("grpc-status")
	}
	if string(status) != "0" {
		return nil, fmt.Errorf("the status of gRPC is %q", status)
	}
	if len(c.Reply) < 5 || c.Reply[0] != 0 || uint64(binary.BigEndian.Uint32(c.Reply[1:])) != uint64(len(c.Reply)-5) {
		return nil, errors.New("the answer is not one message in clear")
	}
	return c.Reply[5:], nil
}

// attributes returns what is told of a request.
func (f *Filter) attributes(x *filter.Exchange, body []byte) *attributes {
	r := x.Request
	a := &attributes{
		source: x.Client, principal: x.Subject, id: string(x.RequestID), method: string(r.Method), host: string(r.Authority),
		scheme: "http", path: string(x.Path), size: r.Length, protocol: r.Version.String(), body: body, headers: make(map[string]string),
	}
	if x.Secure {
		a.scheme = "https"
	}
	if r.HasQuery {
		a.path += "?" + string(r.Query)
	}
	for _, field := range r.Header.Fields() {
		name := strings.ToLower(string(field.Name))
		if !f.spec.AllHeaders && !f.sent[name] || ir.ManagedHeader(name) {
			continue
		}
		if before, ok := a.headers[name]; ok {
			separator := ","
			if name == "cookie" {
				separator = "; " // RFC 9113 section 8.2.3.
			}
			a.headers[name] = before + separator + string(field.Value)
			continue
		}
		a.headers[name] = string(field.Value)
	}
	return a
}

// ofCheck makes a verdict of an answer.
func (f *Filter) ofCheck(a *checkAnswer) *verdict {
	v := &verdict{yes: a.code == 0, status: 200, Reason: "auth_refused"}
	if !v.yes {
		v.status = 403
		if a.status >= 400 && a.status <= 599 || a.status >= 300 && a.status <= 399 {
			v.status = a.status
		}
		for _, o := range a.headers {
			if !ir.ManagedHeader(strings.ToLower(o.name)) && !strings.HasPrefix(o.name, ":") {
				v.header = append(v.header, filter.AnswerField{Name: o.name, Value: o.value})
			}
		}
		v.body = []byte(a.body)
		return v
	}
	for _, name := range a.remove {
		if name = strings.ToLower(name); writable(name) {
			v.edits = append(v.edits, edit{remove, name, nil})
		}
	}
	for _, o := range a.headers {
		v.edits = append(v.edits, o.edits()...)
	}
	for _, o := range a.responseHeaders {
		if writable(strings.ToLower(o.name)) {
			v.later = append(v.later, filter.LaterField{Name: o.name, Value: o.value})
		}
	}
	for _, o := range a.headers {
		if f.spec.Principal != "" && strings.EqualFold(o.name, f.spec.Principal) {
			v.principal = []byte(o.value)
		}
	}
	v.setQuery, v.removeQuery = a.setQuery, a.removeQuery
	return v
}

func writable(name string) bool {
	return name != "" && name[0] != ':' && !ir.ManagedHeader(name)
}

// edits returns what a HeaderValueOption asks for: to overwrite, where it says nothing.
func (o *headerOption) edits() []edit {
	if !writable(strings.ToLower(o.name)) {
		return nil
	}
	value := []byte(o.value)
	switch {
	case o.action == actionAddIfAbsent:
		return []edit{{addIfAbsent, o.name, value}}
	case o.action == actionOverwriteIfExists:
		return []edit{{overwriteIfExists, o.name, value}}
	case o.appends:
		return []edit{{add, o.name, value}}
	}
	return []edit{{remove, o.name, nil}, {add, o.name, value}}
}

// editQuery removes and sets parameters, and leaves the others as they are.
func (v *verdict) editQuery(query []byte) []byte {
	gone := make(map[string]bool)
	for _, name := range v.removeQuery {
		gone[name] = true
	}
	for _, p := range v.setQuery {
		gone[p.name] = true
	}
	var kept []string
	for one := range strings.SplitSeq(string(query), "&") {
		name, _, _ := strings.Cut(one, "=")
		if plain, err := url.QueryUnescape(name); one == "" || err == nil && gone[plain] {
			continue
		}
		kept = append(kept, one)
	}
	for _, p := range v.setQuery {
		kept = append(kept, url.QueryEscape(p.name)+"="+url.QueryEscape(p.value))
	}
	return []byte(strings.Join(kept, "&"))
}
