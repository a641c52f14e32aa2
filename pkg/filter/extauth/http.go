package extauth

import (
	"bytes"
	"errors"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// errBroken says that the upstream failed.
var errBroken = errors.New("the answer is an error")

// askHTTP asks by a request of HTTP.
func (f *Filter) askHTTP(x *filter.Exchange, body []byte) (*verdict, error) {
	c := &filter.Call{Timeout: f.spec.Timeout, MaxReply: maxReply, Body: body}
	r := &c.Request
	r.Method = x.Request.Method
	if f.spec.Method != "" {
		r.Method = []byte(f.spec.Method)
	}
	r.Authority = x.Request.Authority
	if f.spec.Host != "" {
		r.Authority = f.host.Append(nil, x)
	}
	r.Path, r.Query, _ = bytes.Cut(f.path.Append(nil, x), []byte{'?'})
	r.HasQuery = len(r.Query) > 0
	r.Length = int64(len(body))
	f.writeHeader(&r.Header, x)
	if err := f.caller.Call(c); err != nil {
		return nil, err
	}
	if v := f.ofReply(c); v != nil {
		return v, nil
	}
	return nil, errBroken
}

// writeHeader writes the fields of a question.
func (f *Filter) writeHeader(h *wire.Header, x *filter.Exchange) {
	for _, field := range x.Request.Header.Fields() {
		name := strings.ToLower(string(field.Name))
		if f.sent[name] || f.spec.AllHeaders && askable(name) {
			if !ir.ManagedHeader(name) {
				h.Add(string(field.Name), field.Value)
			}
		}
	}
	for i := range f.set {
		h.Set(f.set[i].name, f.set[i].value.Append(nil, x))
	}
}

// askable says whether a field may be a part of a question with all fields. Those that
// ask for a part of the content, or for another form of it, would make an answer odd.
func askable(name string) bool {
	switch name {
	case "accept-encoding", "range", "expect", "upgrade":
		return false
	}
	return !strings.HasPrefix(name, "if-") && !strings.HasPrefix(name, "sec-websocket-")
}
