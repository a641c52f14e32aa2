package ir

import "slices"

// OrderFilters sorts the filters of a route into the order in which they act on
// requests, for sources that promise one order whatever was written first; filters of
// one kind keep theirs. A list in an order of its own (Gateway API) is left alone.
func OrderFilters(list []Filter) {
	slices.SortStableFunc(list, func(a, b Filter) int { return filterRank(a) - filterRank(b) })
}

// filterRank is the place of a kind: who may come in at all, then what answers
// without a back end, then what changes the request. Preflights of CORS carry no
// credentials, so they are answered before filters that ask for some, whose
// place is between that of CORS and that of Fault.
func filterRank(f Filter) int {
	switch f := f.(type) {
	case *RedirectHTTPS:
		return 0
	case *ClientCertificate:
		return 5
	case *IPAccess:
		return 10
	case *Drop:
		return 20
	case *CORS:
		return 30
	case *BodySize:
		return 35
	case *RateLimit:
		if f.By == RateByClaim {
			return 55 // There are no claims before.
		}
		return 40
	case *ActiveLimit:
		return 41
	case *BasicAuth:
		return 50
	case *BearerAuth:
		return 51
	case *JWT:
		return 52
	case *ExternalAuth:
		return 53
	case *SatisfyAny:
		return 54
	case *Fault:
		return 60
	case *Redirect:
		return 70
	case *DirectResponse:
		return 71
	case *ModifyRequestHeader:
		return 80
	case *RewriteURL:
		return 81
	case *Bandwidth:
		return 85
	case *Mirror:
		return 90
	case *ModifyResponseHeader:
		return 91
	case *RewriteResponse:
		return 92
	case *ErrorPage:
		return 95
	case *Compress:
		return 96
	}
	return 50
}
