package settings

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// externalAuth returns the filter. Without one that is asked nobody may pass, so the route is
// answered 500.
func (f *filters) externalAuth(s *v1alpha1.ExternalAuthFilter, at resolve.Place) ir.Filter {
	out := &ir.ExternalAuth{
		Timeout:  f.span(cmp.Or(s.Timeout, "5s"), time.Millisecond, time.Minute, at.At(".timeout")),
		FailOpen: s.FailOpen, FailStatus: 503, MaxBody: int(s.MaxBodyBytes), Principal: strings.ToLower(s.PrincipalHeader),
		Headers: f.names(s.RequestHeaders, at.At(".requestHeaders")), AllHeaders: len(s.RequestHeaders) == 0,
	}
	if s.MaxBodyBytes < 0 || s.MaxBodyBytes > 1<<20 {
		f.refuse(at.At(".maxBodyBytes"), "%d is not between 1 and 1048576", s.MaxBodyBytes)
	}
	out.Upstream = f.asked(s, at)
	switch s.Protocol {
	case v1alpha1.AuthHTTP, "":
		f.externalHTTP(out, s.HTTP, at.At(".http"))
	case v1alpha1.AuthGRPC:
		out.Protocol = ir.AuthGRPC
		out.Upstream = f.Speaking(out.Upstream, ir.UpstreamHTTP2)
		if s.HTTP != nil {
			f.refuse(at.At(".http"), "it is for the protocol HTTP alone")
		}
	default:
		f.refuse(at.At(".protocol"), "%q is neither HTTP nor GRPC", s.Protocol)
	}
	if s.Cache != nil {
		f.externalCache(out, s.Cache, at.At(".cache"))
		if s.MaxBodyBytes > 0 {
			f.Facts.Warnf(at.Origin, at.Field+".cache", report.Unsupported, "the key knows nothing of bodies, so an answer that is remembered counts for requests with any body")
		}
	}
	return out
}

// asked returns the upstream that is asked.
func (f *filters) asked(s *v1alpha1.ExternalAuthFilter, at resolve.Place) string {
	var share ir.WeightedUpstream
	switch {
	case (s.Service != nil) == (s.Address != ""):
		f.refuse(at, "exactly one of service and address must be set")
		return ""
	case s.Service != nil:
		share = Service(f.Resolver, s.Service, at.At(".service").Otherwise(broken))
	default:
		share = f.Address(s.Address, at.At(".address").Otherwise(broken))
	}
	if share.Upstream == "" {
		f.sound = false // It has been reported.
	}
	return share.Upstream
}

// names returns names of fields in lower case, sorted.
func (f *filters) names(list []string, at resolve.Place) []string {
	var names []string
	for i, name := range list {
		f.headerName(name, at.At("["+strconv.Itoa(i)+"]"))
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (f *filters) externalHTTP(out *ir.ExternalAuth, s *v1alpha1.ExternalAuthHTTP, at resolve.Place) {
	out.Method, out.Path = "GET", "{uri}"
	out.Set = []ir.HeaderField{{Name: "X-Forwarded-Method", Value: "{method}"}, {Name: "X-Forwarded-Uri", Value: "{uri}"}}
	if s == nil {
		return
	}
	out.Method = cmp.Or(s.Method, out.Method)
	if s.Path != "" {
		out.Path = ir.Text(s.Path)
		if !strings.HasPrefix(s.Path, "/") || strings.ContainsAny(s.Path, "# \t\r\n") {
			f.refuse(at.At(".path"), `the path %q does not begin with "/", or holds "#" or a space`, s.Path)
		}
	}
	out.Host = ir.Literal(s.Host)
	out.Set = append(out.Set, f.fields(s.Set, at.At(".set"))...)
	out.ToEndpoint = f.names(s.ResponseHeaders, at.At(".responseHeaders"))
	out.ToClient = f.names(s.ClientHeaders, at.At(".clientHeaders"))
	out.SignIn = ir.Text(s.SignIn)
}

func (f *filters) externalCache(out *ir.ExternalAuth, s *v1alpha1.ExternalAuthCache, at resolve.Place) {
	out.Key = strings.ToLower(at.Origin.Kind) + "/" + at.Origin.Namespace + "/" + at.Origin.Name + "/" + at.Field
	out.CacheKey = ir.Text(s.Key)
	remember := func(text, field string, statuses ...int) {
		if text == "" {
			return
		}
		d := f.span(text, time.Second, 24*time.Hour, at.At(field))
		for _, status := range statuses {
			out.Cache = append(out.Cache, ir.AuthCache{Status: status, For: d})
		}
	}
	remember(s.Granted, ".granted", 200, 201, 202, 204)
	remember(s.Refused, ".refused", 401, 403)
	if s.Key == "" || len(out.Cache) == 0 {
		f.refuse(at, "key is not set, or neither granted nor refused")
	}
}
