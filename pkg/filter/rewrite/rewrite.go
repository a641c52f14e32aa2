package rewrite

import (
	"fmt"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// URL changes the URL of requests before they are sent to an endpoint.
type URL struct {
	host       string
	clientHost bool
	path       path
}

var _ filter.RequestHead = (*URL)(nil)

// NewURL makes the filter. The error says which part cannot be used.
func NewURL(spec *ir.RewriteURL) (*URL, error) {
	if !validHost(spec.Host) {
		return nil, fmt.Errorf("%q is no host", spec.Host)
	}
	p, err := newPath(spec.Path)
	return &URL{spec.Host, spec.ClientHost, p}, err
}

// OnRequestHead changes x.Request.
func (f *URL) OnRequestHead(x *filter.Exchange) *filter.Answer {
	r := x.Request
	if f.host != "" {
		start := len(x.Scratch)
		x.Scratch = append(x.Scratch, f.host...)
		r.Authority = x.Scratch[start:len(x.Scratch):len(x.Scratch)]
	}
	if f.clientHost {
		r.Authority = x.Authority
	}
	if f.path.kind != ir.PathKept && len(r.Path) > 0 && r.Path[0] == '/' {
		start := len(x.Scratch)
		x.Scratch = f.path.appendTo(x.Scratch, r.Path)
		r.Path = x.Scratch[start:len(x.Scratch):len(x.Scratch)]
	}
	return nil
}

// validHost says whether a host, with or without a port, may be sent; empty may.
func validHost(host string) bool {
	name, port, has := wire.SplitPort([]byte(host))
	if has && (len(port) == 0 || len(port) > 5) {
		return false
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '[', c == ']', c == ':':
		default:
			return false
		}
	}
	return true
}
