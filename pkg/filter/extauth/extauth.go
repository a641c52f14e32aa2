package extauth

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// maxReply bounds the body of an answer in bytes.
const maxReply = 64 << 10

// Filter lets those pass whom an upstream lets.
type Filter struct {
	spec   *ir.ExternalAuth
	caller filter.Caller
	// The texts of spec.
	host, path, signIn, key filter.Text
	set                     []field
	sent, toEndpoint        map[string]bool
	toClient                map[string]bool
	answers                 *answers
	release                 func() // of answers
	// now is the clock.
	now func() time.Time
}

type field struct {
	name  string
	value filter.Text
}

var (
	_ filter.RequestHead = (*Filter)(nil)
	_ filter.Calls       = (*Filter)(nil)
	_ filter.Releaser    = (*Filter)(nil)
)

// New makes the filter. It holds what is remembered under spec.Key until Release. The
// error names the text that cannot be filled in.
func New(spec *ir.ExternalAuth, registry *Registry) (*Filter, error) {
	f := &Filter{spec: spec, sent: setOf(spec.Headers), toEndpoint: setOf(spec.ToEndpoint), toClient: setOf(spec.ToClient), now: time.Now}
	if spec.Timeout <= 0 || spec.FailStatus < 400 || spec.FailStatus > 599 {
		return nil, errors.New("the timeout, or the status for a failure, is missing")
	}
	for _, text := range []struct {
		name string
		from ir.Text
		to   *filter.Text
	}{{"host", spec.Host, &f.host}, {"path", spec.Path, &f.path}, {"place to sign in", spec.SignIn, &f.signIn}, {"key of the cache", spec.CacheKey, &f.key}} {
		var err error
		if *text.to, err = filter.ParseText(string(text.from)); err != nil {
			return nil, fmt.Errorf("the %s: %w", text.name, err)
		}
	}
	for _, h := range spec.Set {
		value, err := filter.ParseText(string(h.Value))
		if err != nil {
			return nil, fmt.Errorf("the field %s: %w", h.Name, err)
		}
		f.set = append(f.set, field{h.Name, value})
	}
	if spec.CacheKey != "" {
		if registry == nil {
			return nil, errors.New("there is nothing that remembers answers")
		}
		var err error
		if f.answers, f.release, err = registry.acquire(spec.Key); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// Use gives the filter its upstream.
func (f *Filter) Use(c filter.Caller) { f.caller = c }

// Release gives back what is remembered.
func (f *Filter) Release() {
	if f.release != nil {
		f.release()
	}
}

// OnRequestHead asks, and returns nil for a yes. Else it returns what the client is answered.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	v, tooLong := f.verdict(x)
	if tooLong {
		return &filter.Answer{Status: 413, Reason: "auth_body_too_large"}
	}
	for _, name := range f.spec.ToEndpoint {
		filter.Forget(&x.Request.Header, name)
	}
	switch {
	case v == nil && f.spec.FailOpen:
		return nil
	case v == nil:
		return &filter.Answer{Status: f.spec.FailStatus, Reason: "auth_unavailable"}
	case v.yes:
		v.apply(f, x)
		return nil
	}
	return f.refuse(x, v)
}

// verdict returns an answer, from memory or by asking, nil where nobody answered.
func (f *Filter) verdict(x *filter.Exchange) (v *verdict, tooLong bool) {
	var key string
	if f.answers != nil {
		start := len(x.Scratch)
		x.Scratch = f.key.Append(append(append(x.Scratch, x.Host...), 0), x)
		key = string(x.Scratch[start:])
		x.Scratch = x.Scratch[:start]
		if v := f.answers.get(key, f.now()); v != nil {
			return v, false
		}
	}
	var body []byte
	if f.spec.MaxBody > 0 {
		var err error
		body, err = x.Body(f.spec.MaxBody)
		switch {
		case errors.Is(err, filter.ErrBodyTooLong):
			return nil, true
		case err != nil:
			// It is the client that failed; whatever is answered, it does not pass.
			return &verdict{status: 400, Reason: "auth_body_broken"}, false
		}
	}
	v, err := f.ask(x, body)
	if err != nil {
		return nil, false
	}
	if f.answers != nil {
		for _, c := range f.spec.Cache {
			if c.Status == v.status {
				f.answers.put(key, v, f.now().Add(c.For))
			}
		}
	}
	return v, false
}

func (f *Filter) ask(x *filter.Exchange, body []byte) (*verdict, error) {
	if f.caller == nil {
		return nil, errors.New("there is nobody to ask")
	}
	if f.spec.Protocol == ir.AuthGRPC {
		return f.askGRPC(x, body)
	}
	return f.askHTTP(x, body)
}
