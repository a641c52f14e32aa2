package ir

// Filter is a step between the match and the action. The set is closed: each
// kind has one case in pkg/filter/build.
type Filter interface{ isFilter() }

// FilterUpstream returns the Key of the upstream that a filter sends requests
// to, empty for none.
func FilterUpstream(f Filter) string {
	switch f := f.(type) {
	case *Mirror:
		if f != nil {
			return f.Upstream
		}
	case *ErrorPage:
		if f != nil {
			return f.Upstream
		}
	case *ExternalAuth:
		if f != nil {
			return f.Upstream
		}
	case *SatisfyAny:
		if f != nil {
			return upstreamOfAny(f.Filters)
		}
	}
	return ""
}

// RedirectHTTPS answers requests that came in clear text with a redirect to
// the same URL over HTTPS. Requests over TLS pass.
type RedirectHTTPS struct {
	// Status is 301, 302, 303, 307 or 308.
	Status int
	// Port is the port of the target; 443 is left out of the URL.
	Port uint16
}

func (*RedirectHTTPS) isFilter() {}
