package rewrite

import (
	"fmt"
	"strconv"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// Redirect answers with a redirect.
type Redirect struct {
	status       int
	scheme, host string
	port         uint16
	path         path
}

var _ filter.RequestHead = (*Redirect)(nil)

// NewRedirect makes the filter. The error says which part cannot be used.
func NewRedirect(spec *ir.Redirect) (*Redirect, error) {
	switch spec.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil, fmt.Errorf("status %d is none of 301, 302, 303, 307 and 308", spec.Status)
	}
	switch spec.Scheme {
	case "", "http", "https":
	default:
		return nil, fmt.Errorf("scheme %q is neither http nor https", spec.Scheme)
	}
	if !validHost(spec.Host) {
		return nil, fmt.Errorf("%q is no host", spec.Host)
	}
	p, err := newPath(spec.Path)
	return &Redirect{spec.Status, spec.Scheme, spec.Host, spec.Port, p}, err
}

// OnRequestHead returns the redirect, and 400 for a request without a host, since
// there is no URL that it could be sent to.
func (f *Redirect) OnRequestHead(x *filter.Exchange) *filter.Answer {
	host := []byte(f.host)
	if len(host) == 0 {
		host = x.Host
	}
	if len(host) == 0 {
		return &filter.Answer{Status: 400, Reason: "redirect_without_host"}
	}
	return &filter.Answer{
		Status: f.status,
		Reason: "redirect",
		Header: []filter.AnswerField{{Name: "Location", Value: string(f.location(x, host))}},
	}
}

// location is an absolute URL (RFC 9110 section 10.2.2).
func (f *Redirect) location(x *filter.Exchange, host []byte) []byte {
	scheme, port := f.scheme, f.port
	if scheme == "" {
		if scheme = "http"; x.Secure {
			scheme = "https"
		}
		if port == 0 {
			port = x.Port
		}
	}
	url := make([]byte, 0, 128)
	url = append(append(append(url, scheme...), "://"...), host...)
	if known := map[string]uint16{"http": 80, "https": 443}[scheme]; port != 0 && port != known {
		url = strconv.AppendUint(append(url, ':'), uint64(port), 10)
	}
	r := x.Request
	switch {
	case len(r.Path) > 0 && r.Path[0] == '/':
		url = f.path.appendTo(url, r.Path)
	case f.path.kind == ir.PathReplaced:
		url = append(url, f.path.value...)
	default:
		url = append(url, '/')
	}
	if r.HasQuery {
		url = append(append(url, '?'), r.Query...)
	}
	return url
}
