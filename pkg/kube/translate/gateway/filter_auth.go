package gateway

import (
	"fmt"
	"slices"
	"strings"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// authTimeout bounds one question; the specification names none.
const authTimeout = 5 * time.Second

// alwaysTold are the fields that a question over HTTP always has (HTTPAuthConfig.allowedHeaders); the
// others of that list are no fields of the header here.
var alwaysTold = []string{"authorization"}

// externalAuth adds the filter (HTTPRouteFilter.externalAuth, experimental). With a back end
// that cannot be used nobody passes. 200 alone is a yes over HTTP.
func (s *filterSet) externalAuth(f *gatewayv1.HTTPExternalAuthFilter, at resolve.Place) {
	key, problem := s.upstream(&f.BackendRef, at.At(".backendRef"), "the requests that it is for are answered 500")
	if !problem.ok() {
		s.out.resolved = s.out.resolved.or(problem)
		// The rule is accepted, as with a back end that does not exist; what comes to it is not let through.
		s.add(&ir.DirectResponse{Status: 500})
		return
	}
	out := &ir.ExternalAuth{Upstream: key, Timeout: authTimeout, FailStatus: 503, OnlyOK: true}
	if f.ForwardBody != nil {
		out.MaxBody = int(f.ForwardBody.MaxSize)
	}
	switch {
	case f.ExternalAuthProtocol == gatewayv1.HTTPRouteExternalAuthGRPCProtocol && f.HTTPAuthConfig == nil:
		out.Protocol = ir.AuthGRPC
		out.Upstream = s.Speaking(key, ir.UpstreamHTTP2)
		if f.GRPCAuthConfig != nil {
			out.Headers = lowered(f.GRPCAuthConfig.AllowedRequestHeaders)
		}
		out.AllHeaders = len(out.Headers) == 0
	case f.ExternalAuthProtocol == gatewayv1.HTTPRouteExternalAuthHTTPProtocol && f.GRPCAuthConfig == nil:
		s.authHTTP(out, f.HTTPAuthConfig, at.At(".http"))
	default:
		s.refuse(at.At(".protocol"), report.Unsupported, fmt.Sprintf("%q is no protocol, or the other one's field is set", f.ExternalAuthProtocol))
		return
	}
	s.add(out)
}

func (s *filterSet) authHTTP(out *ir.ExternalAuth, config *gatewayv1.HTTPAuthConfig, at resolve.Place) {
	out.Path, out.Headers, out.AllToEndpoint = "{uri}", alwaysTold, true
	if config == nil {
		return
	}
	if config.Path != "" {
		prefix := "/" + strings.Trim(config.Path, "/")
		if strings.ContainsAny(prefix, "?# \t\r\n") || slices.Contains(strings.Split(prefix, "/"), "..") {
			s.refuse(at.At(".path"), report.Unsupported, fmt.Sprintf("the path %q cannot stand before that of a request", config.Path))
			return
		}
		if prefix != "/" {
			out.Path = ir.Literal(prefix) + "{uri}"
		}
	}
	out.Headers = lowered(append(slices.Clone(alwaysTold), config.AllowedRequestHeaders...))
	if out.ToEndpoint = slices.DeleteFunc(lowered(config.AllowedResponseHeaders), ir.ManagedHeader); len(config.AllowedResponseHeaders) > 0 {
		out.AllToEndpoint = false
	}
}

// lowered returns names in lower case, sorted, each once.
func lowered(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, strings.ToLower(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
