// Package cors holds the filter that answers preflight requests and tells
// browsers what scripts of other origins may do (Fetch standard, CORS protocol).
//
// In comes an ir.CORS, checked once by the constructor; out comes a filter that
// acts on heads of requests and responses, holds no state and may be called by
// any goroutine.
package cors

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

const wildcard = "*"

// Filter serves the CORS protocol for one route.
type Filter struct {
	anyOrigin   bool
	origins     []origin
	expressions []*regexp.Regexp

	anyMethod, anyHeader, exposeAll bool
	methods, headers, expose        string
	credentials                     bool
	maxAge                          string
}

var (
	_ filter.RequestHead  = (*Filter)(nil)
	_ filter.ResponseHead = (*Filter)(nil)
)

// New makes the filter. The error names the origin or expression that cannot be used.
func New(spec *ir.CORS) (*Filter, error) {
	f := &Filter{
		methods: strings.Join(spec.Methods, ", "), headers: strings.Join(spec.Headers, ", "), expose: strings.Join(spec.Expose, ", "),
		anyMethod: contains(spec.Methods), anyHeader: contains(spec.Headers), exposeAll: contains(spec.Expose),
		credentials: spec.Credentials,
	}
	if spec.MaxAge >= 0 {
		f.maxAge = strconv.Itoa(spec.MaxAge)
	}
	for _, list := range [][]string{spec.Methods, spec.Headers, spec.Expose} {
		for _, name := range list {
			if !wire.IsToken([]byte(name)) {
				return nil, fmt.Errorf("%q is no name of a method or header", name)
			}
		}
	}
	for _, text := range spec.Origins {
		if text == wildcard {
			f.anyOrigin = true
			continue
		}
		o, err := parseOrigin(text)
		if err != nil {
			return nil, err
		}
		f.origins = append(f.origins, o)
	}
	for _, text := range spec.OriginExpressions {
		e, err := regexp.Compile("^(?:" + text + ")$")
		if err != nil {
			return nil, fmt.Errorf("the expression %q for origins: %w", text, err)
		}
		f.expressions = append(f.expressions, e)
	}
	return f, nil
}

func contains(list []string) bool {
	for _, s := range list {
		if s == wildcard {
			return true
		}
	}
	return false
}

// OnRequestHead answers a preflight request: with what may be done, or 403 to
// an origin that may do nothing. It goes before all that asks who the client is,
// as a preflight request never says that.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	h := &x.Request.Header
	asked := h.Get("Access-Control-Request-Method")
	from := h.Get("Origin")
	if string(x.Request.Method) != "OPTIONS" || asked == nil || from == nil {
		return nil
	}
	if !f.allows(from) {
		return &filter.Answer{Status: 403, Reason: "cors_origin_refused"}
	}
	a := &filter.Answer{Status: 204, Reason: "cors_preflight"}
	add := func(name, value string) {
		if value != "" {
			a.Header = append(a.Header, filter.AnswerField{Name: name, Value: value})
		}
	}
	add("Access-Control-Allow-Methods", f.list(f.anyMethod, f.methods, asked))
	add("Access-Control-Allow-Headers", f.list(f.anyHeader, f.headers, h.Get("Access-Control-Request-Headers")))
	add("Access-Control-Max-Age", f.maxAge)
	return a // OnResponseHead does the rest.
}

// list returns what may be used. With credentials "*" is no wildcard, so what
// the browser asks for is granted by name.
func (f *Filter) list(all bool, listed string, asked []byte) string {
	switch {
	case !all:
		return listed
	case f.credentials:
		return string(asked)
	}
	return wildcard
}

// OnResponseHead writes who may read the response, in place of what the endpoint said.
func (f *Filter) OnResponseHead(x *filter.Exchange) {
	from := x.Request.Header.Get("Origin")
	h := &x.Response.Header
	h.Del("Access-Control-Allow-Origin")
	h.Del("Access-Control-Allow-Credentials")
	h.Del("Access-Control-Expose-Headers")
	if f.credentials || !f.anyOrigin {
		f.vary(h)
	}
	if from == nil || !f.allows(from) {
		return
	}
	if f.anyOrigin && !f.credentials {
		from = []byte(wildcard)
	}
	h.Add("Access-Control-Allow-Origin", from)
	if f.credentials {
		h.Add("Access-Control-Allow-Credentials", []byte("true"))
	}
	if f.expose != "" && (!f.exposeAll || !f.credentials) {
		h.Add("Access-Control-Expose-Headers", []byte(f.expose))
	}
}

// vary tells caches that the response depends on the origin.
func (f *Filter) vary(h *wire.Header) {
	for _, field := range h.Fields() {
		if wire.EqualName(field.Name, "vary") && (bytes.Contains(bytes.ToLower(field.Value), []byte("origin")) || string(field.Value) == wildcard) {
			return
		}
	}
	h.Add("Vary", []byte("Origin"))
}

func (f *Filter) allows(from []byte) bool {
	if f.anyOrigin {
		return true
	}
	for i := range f.origins {
		if f.origins[i].matches(from) {
			return true
		}
	}
	for _, e := range f.expressions {
		if e.Match(from) {
			return true
		}
	}
	return false
}
