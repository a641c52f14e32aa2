// Package redirect holds the filters that answer with a redirect.
//
// In comes the part of the ir that names the target, checked once by the
// constructor; out comes a filter.RequestHead, which holds no state and may be
// called by any goroutine.
package redirect

import (
	"fmt"
	"strconv"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// HTTPS answers requests in clear text with a redirect to the same URL over HTTPS.
type HTTPS struct {
	status int
	// port is what stands between the host and the path: "" or ":8443".
	port string
}

var _ filter.RequestHead = (*HTTPS)(nil)

// NewHTTPS makes the filter. The status must be one that redirects (RFC 9110
// section 15.4).
func NewHTTPS(spec *ir.RedirectHTTPS) (*HTTPS, error) {
	switch spec.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil, fmt.Errorf("status %d is none of 301, 302, 303, 307 and 308", spec.Status)
	}
	if spec.Port == 0 {
		return nil, fmt.Errorf("port 0 cannot be redirected to")
	}
	f := &HTTPS{status: spec.Status}
	if spec.Port != 443 {
		f.port = ":" + strconv.Itoa(int(spec.Port))
	}
	return f, nil
}

// OnRequestHead returns the redirect, nil for a request that came over TLS, and 400
// for one without a host, since there is no URL that it could be sent to.
func (f *HTTPS) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if x.Secure {
		return nil
	}
	if len(x.Host) == 0 {
		return &filter.Answer{Status: 400, Reason: "tls_redirect_without_host"}
	}
	return &filter.Answer{
		Status: f.status,
		Reason: "tls_redirect",
		Header: []filter.AnswerField{{Name: "Location", Value: f.location(x)}},
	}
}

// location is an absolute URL (RFC 9110 section 10.2.2). The asterisk form of
// OPTIONS and CONNECT have no path that a URL could hold.
func (f *HTTPS) location(x *filter.Exchange) string {
	r := x.Request
	url := make([]byte, 0, len("https://")+len(x.Host)+len(f.port)+len(r.Path)+1+len(r.Query))
	url = append(url, "https://"...)
	url = append(url, x.Host...)
	url = append(url, f.port...)
	if len(r.Path) > 0 && r.Path[0] == '/' {
		url = append(url, r.Path...)
	} else {
		url = append(url, '/')
	}
	if r.HasQuery {
		url = append(url, '?')
		url = append(url, r.Query...)
	}
	return string(url)
}
