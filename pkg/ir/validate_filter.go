package ir

import "reflect"

func (v *validator) filters(list []Filter) {
	for _, f := range list {
		if at := reflect.ValueOf(f); f == nil || at.Kind() == reflect.Pointer && at.IsNil() {
			v.problem("a filter is nil")
			continue
		}
		v.filter(f)
	}
}

// filter checks one that is not nil.
func (v *validator) filter(f Filter) {
	switch f := f.(type) {
	case *RedirectHTTPS:
		v.redirects(f.Status)
		v.check(f.Port != 0, "redirect-https has no port")
	case *ModifyRequestHeader:
		v.headerEdit(&f.Edit)
	case *ModifyResponseHeader:
		v.headerEdit(&f.Edit)
	case *RewriteURL:
		v.pathEdit(f.Path)
		v.check(f.Host == "" || !f.ClientHost, "a rewrite has two hosts")
		v.check(f.Host != "" || f.ClientHost || f.Path.Kind != PathKept, "a rewrite changes nothing")
	case *RewriteResponse:
		v.rewriteResponse(f)
	case *Redirect:
		v.redirects(f.Status)
		v.pathEdit(f.Path)
		v.check(f.Scheme == "" || f.Scheme == "http" || f.Scheme == "https", "a redirect has an unknown scheme")
	case *CORS:
		v.check(len(f.Origins)+len(f.OriginExpressions) > 0, "no origin may use what cors allows")
	case *Mirror:
		v.mirror(f)
	case *IPAccess:
		v.check(len(f.Deny)+len(f.Allow) > 0, "access by address refuses nobody")
	case *Fault:
		v.fault(f)
	case *RateLimit:
		v.rateLimit(f)
	case *ActiveLimit:
		v.activeLimit(f)
	case *BasicAuth:
		v.basicAuth(f)
	case *BearerAuth:
		v.bearerAuth(f)
	case *ClientCertificate:
		v.check(f.Auth != "", "a client certificate of no demand is asked for")
	case *JWT:
		v.jwt(f)
	case *ExternalAuth:
		v.externalAuth(f)
	case *SatisfyAny:
		v.satisfyAny(f)
	case *DirectResponse:
		v.directResponse(f)
	case *Drop:
	case *ErrorPage:
		v.errorPage(f)
	case *BodySize:
		v.bodySize(f)
	case *Bandwidth:
		v.bandwidth(f)
	case *Compress:
		v.compress(f)
	default:
		v.problem("a filter is of the unknown type %T", f)
	}
}

func (v *validator) redirects(status int) {
	switch status {
	case 301, 302, 303, 307, 308:
	default:
		v.problem("the status %d of a redirect does not redirect", status)
	}
}
