package gateway

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// filterSet is the filters of a rule or a back end in the making. A filter that
// cannot be made breaks what it is for: without it more would be let through, or
// something else, than was meant.
type filterSet struct {
	*ruleBuilder
	filters []ir.Filter
	// prefix is the path prefix that the rule's match asks for, "" where it does not.
	prefix string
	broken fault
	// redirects and rewrites say which of the two, which exclude one another, is there.
	redirects, rewrites bool
}

// httpFilters returns the filters of a rule or back end for one match.
func (b *ruleBuilder) httpFilters(list []gatewayv1.HTTPRouteFilter, match ir.PathMatch, at resolve.Place) ([]ir.Filter, fault) {
	set := &filterSet{ruleBuilder: b}
	if match.Kind == ir.PathPrefix {
		set.prefix = match.Value
	}
	for i := range list {
		set.http(&list[i], at.At(".filters"+index(i)))
	}
	if set.redirects && set.rewrites {
		set.refuse(at.At(".filters"), report.IncompatibleFilters, "a rule cannot both redirect and rewrite")
	}
	return set.filters, set.broken
}

func (s *filterSet) add(f ir.Filter) { s.filters = append(s.filters, f) }

// refuse reports a filter that cannot be made.
func (s *filterSet) refuse(at resolve.Place, reason report.Reason, message string) {
	s.Facts.Errorf(at.Origin, at.Field, reason, "%s; the requests that it is for are answered 500", message)
	s.broken = s.broken.or(fault{reason, at.Field + ": " + message})
}

func (s *filterSet) http(f *gatewayv1.HTTPRouteFilter, at resolve.Place) {
	switch {
	case f.Type == gatewayv1.HTTPRouteFilterRequestHeaderModifier && f.RequestHeaderModifier != nil:
		s.requestHeaders(f.RequestHeaderModifier, at.At(".requestHeaderModifier"))
	case f.Type == gatewayv1.HTTPRouteFilterResponseHeaderModifier && f.ResponseHeaderModifier != nil:
		s.responseHeaders(f.ResponseHeaderModifier, at.At(".responseHeaderModifier"))
	case f.Type == gatewayv1.HTTPRouteFilterRequestRedirect && f.RequestRedirect != nil:
		s.redirect(f.RequestRedirect, at.At(".requestRedirect"))
	case f.Type == gatewayv1.HTTPRouteFilterURLRewrite && f.URLRewrite != nil:
		s.rewrite(f.URLRewrite, at.At(".urlRewrite"))
	case f.Type == gatewayv1.HTTPRouteFilterRequestMirror && f.RequestMirror != nil:
		s.mirror(f.RequestMirror, at.At(".requestMirror"))
	case f.Type == gatewayv1.HTTPRouteFilterCORS && f.CORS != nil:
		s.cors(f.CORS)
	case f.Type == gatewayv1.HTTPRouteFilterExternalAuth && f.ExternalAuth != nil:
		s.externalAuth(f.ExternalAuth, at.At(".externalAuth"))
	case f.Type == gatewayv1.HTTPRouteFilterExtensionRef && f.ExtensionRef != nil:
		// It is a ProxyPolicy, see httpExtensions.
	default:
		s.unknown(string(f.Type), at)
	}
}

// grpcFilters returns the filters of a rule or back end of a GRPCRoute.
func (b *ruleBuilder) grpcFilters(list []gatewayv1.GRPCRouteFilter, at resolve.Place) ([]ir.Filter, fault) {
	s := &filterSet{ruleBuilder: b}
	for i := range list {
		f, at := &list[i], at.At(".filters"+index(i))
		switch {
		case f.Type == gatewayv1.GRPCRouteFilterRequestHeaderModifier && f.RequestHeaderModifier != nil:
			s.requestHeaders(f.RequestHeaderModifier, at.At(".requestHeaderModifier"))
		case f.Type == gatewayv1.GRPCRouteFilterResponseHeaderModifier && f.ResponseHeaderModifier != nil:
			s.responseHeaders(f.ResponseHeaderModifier, at.At(".responseHeaderModifier"))
		case f.Type == gatewayv1.GRPCRouteFilterRequestMirror && f.RequestMirror != nil:
			s.mirror(f.RequestMirror, at.At(".requestMirror"))
		case f.Type == gatewayv1.GRPCRouteFilterExtensionRef && f.ExtensionRef != nil:
			// It is a ProxyPolicy, see grpcExtensions.
		default:
			s.unknown(string(f.Type), at)
		}
	}
	return s.filters, s.broken
}

func (s *filterSet) unknown(kind string, at resolve.Place) {
	s.refuse(at.At(".type"), report.Unsupported, fmt.Sprintf("filters of the type %q are not supported, or the filter lacks its field", kind))
}

// edit returns a change of header fields, and false where it changes nothing or must not.
func (s *filterSet) edit(f *gatewayv1.HTTPHeaderFilter, at resolve.Place) (ir.HeaderEdit, bool) {
	var out ir.HeaderEdit
	ok := true
	allowed := func(name, field string) bool {
		if name == "" || ir.ManagedHeader(strings.ToLower(name)) {
			s.refuse(at.At(field), report.Unsupported, fmt.Sprintf("the header %q cannot be changed by a filter", name))
			ok = false
			return false
		}
		return true
	}
	for i, h := range f.Set {
		if allowed(string(h.Name), ".set"+index(i)) {
			out.Set = append(out.Set, ir.HeaderField{Name: string(h.Name), Value: ir.Literal(h.Value)})
		}
	}
	for i, h := range f.Add {
		if allowed(string(h.Name), ".add"+index(i)) {
			out.Add = append(out.Add, ir.HeaderField{Name: string(h.Name), Value: ir.Literal(h.Value)})
		}
	}
	for i, name := range f.Remove {
		if allowed(name, ".remove"+index(i)) {
			out.Remove = append(out.Remove, strings.ToLower(name))
		}
	}
	return out, ok && len(out.Set)+len(out.Add)+len(out.Remove) > 0
}

func (s *filterSet) requestHeaders(f *gatewayv1.HTTPHeaderFilter, at resolve.Place) {
	if edit, ok := s.edit(f, at); ok {
		s.add(&ir.ModifyRequestHeader{Edit: edit})
	}
}

func (s *filterSet) responseHeaders(f *gatewayv1.HTTPHeaderFilter, at resolve.Place) {
	if edit, ok := s.edit(f, at); ok {
		s.add(&ir.ModifyResponseHeader{Edit: edit})
	}
}

// path returns a change of the path.
func (s *filterSet) path(p *gatewayv1.HTTPPathModifier, at resolve.Place) ir.PathEdit {
	switch {
	case p == nil:
		return ir.PathEdit{}
	case p.Type == gatewayv1.FullPathHTTPPathModifier && p.ReplaceFullPath != nil:
		return ir.PathEdit{Kind: ir.PathReplaced, Value: *p.ReplaceFullPath}
	case p.Type != gatewayv1.PrefixMatchHTTPPathModifier || p.ReplacePrefixMatch == nil:
		s.refuse(at, report.Unsupported, fmt.Sprintf("%q is no way to change a path, or its field is missing", p.Type))
	case s.prefix == "":
		s.refuse(at, report.Unsupported, "ReplacePrefixMatch needs a match of the type PathPrefix")
	default:
		return ir.PathEdit{Kind: ir.PrefixReplaced, Prefix: s.prefix, Value: *p.ReplacePrefixMatch}
	}
	return ir.PathEdit{}
}

func (s *filterSet) rewrite(f *gatewayv1.HTTPURLRewriteFilter, at resolve.Place) {
	s.rewrites = true
	out := &ir.RewriteURL{Host: string(deref(f.Hostname, "")), Path: s.path(f.Path, at.At(".path"))}
	if *out != (ir.RewriteURL{}) {
		s.add(out)
	}
}

// redirect leaves the scheme's well-known port, and the listener's own, to the data plane.
func (s *filterSet) redirect(f *gatewayv1.HTTPRequestRedirectFilter, at resolve.Place) {
	s.redirects = true
	out := &ir.Redirect{
		Status: deref(f.StatusCode, 302),
		Scheme: deref(f.Scheme, ""),
		Host:   string(deref(f.Hostname, "")),
		Path:   s.path(f.Path, at.At(".path")),
	}
	switch out.Status {
	case 301, 302, 303, 307, 308:
	default:
		s.refuse(at.At(".statusCode"), report.Unsupported, fmt.Sprintf("the status %d does not redirect", out.Status))
	}
	if out.Scheme != "" && out.Scheme != "http" && out.Scheme != "https" {
		s.refuse(at.At(".scheme"), report.Unsupported, fmt.Sprintf("the scheme %q is neither http nor https", out.Scheme))
	}
	if f.Port != nil {
		if *f.Port < 1 || *f.Port > 65535 {
			s.refuse(at.At(".port"), report.Unsupported, fmt.Sprintf("the port %d is not between 1 and 65535", *f.Port))
		}
		out.Port = uint16(*f.Port)
	}
	s.add(out)
}

// mirror adds a copy. A back end that cannot be used is left out, as the
// specification asks, and the rule is served without it.
func (s *filterSet) mirror(f *gatewayv1.HTTPRequestMirrorFilter, at resolve.Place) {
	key, problem := s.upstream(&f.BackendRef, at.At(".backendRef"), "nothing is copied to it")
	if !problem.ok() {
		s.out.resolved = s.out.resolved.or(problem)
		return
	}
	out := &ir.Mirror{Upstream: key, Numerator: 1, Denominator: 1}
	switch {
	case f.Percent != nil:
		out.Numerator, out.Denominator = int(*f.Percent), 100
	case f.Fraction != nil:
		out.Numerator, out.Denominator = int(f.Fraction.Numerator), int(deref(f.Fraction.Denominator, 100))
	}
	if out.Numerator < 0 || out.Denominator < 1 || out.Numerator > out.Denominator {
		s.refuse(at, report.Unsupported, fmt.Sprintf("%d of %d is no share", out.Numerator, out.Denominator))
		return
	}
	s.add(out)
}

// defaultMaxAge is that of the CRD, in seconds.
const defaultMaxAge = 5

func (s *filterSet) cors(f *gatewayv1.HTTPCORSFilter) {
	out := &ir.CORS{Credentials: deref(f.AllowCredentials, false), MaxAge: int(f.MaxAge)}
	if out.MaxAge == 0 {
		out.MaxAge = defaultMaxAge
	}
	for _, origin := range f.AllowOrigins {
		out.Origins = append(out.Origins, string(origin))
	}
	for _, method := range f.AllowMethods {
		out.Methods = append(out.Methods, string(method))
	}
	for _, name := range f.AllowHeaders {
		out.Headers = append(out.Headers, string(name))
	}
	for _, name := range f.ExposeHeaders {
		out.Expose = append(out.Expose, string(name))
	}
	s.add(out)
}
