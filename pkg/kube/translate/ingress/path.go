package ingress

import (
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// pathMatch returns the condition of a path. ImplementationSpecific means
// Prefix, as it does in ingress-nginx, and all of them an expression where the
// host has those. A path that the API server would refuse gives a problem, the field
// that has it, and no condition; an expression that is none, one of all that it may be about.
func pathMatch(path *networkingv1.HTTPIngressPath, regex bool) (match ir.PathMatch, field, problem string) {
	if path.PathType == nil {
		return match, ".pathType", "pathType is required"
	}
	if regex && (path.Path == "" || strings.HasPrefix(path.Path, "/")) {
		match, problem = pathExpression(path.Path)
		return match, ".path", problem
	}
	match.Value = path.Path
	switch *path.PathType {
	case networkingv1.PathTypeExact:
		match.Kind = ir.PathExact
	case networkingv1.PathTypePrefix:
		match.Kind = ir.PathPrefix
	case networkingv1.PathTypeImplementationSpecific:
		match.Kind = ir.PathPrefix
		if match.Value == "" {
			match.Value = "/"
		}
	default:
		return ir.PathMatch{}, ".pathType", fmt.Sprintf("the pathType %q is none of Exact, Prefix and ImplementationSpecific", *path.PathType)
	}
	if problem := pathProblem(match.Value); problem != "" {
		return ir.PathMatch{}, ".path", problem
	}
	return match, "", ""
}

// pathProblem returns why a path can match no request, or "". The rules are those of the
// API server for Exact and Prefix.
func pathProblem(path string) string {
	if !strings.HasPrefix(path, "/") {
		return fmt.Sprintf("the path %q does not begin with %q", path, "/")
	}
	for _, part := range []string{"//", "/./", "/../", "%2f", "%2F"} {
		if strings.Contains(path, part) {
			return fmt.Sprintf("the path %q contains %q", path, part)
		}
	}
	for _, end := range []string{"/.", "/.."} {
		if strings.HasSuffix(path, end) {
			return fmt.Sprintf("the path %q ends in %q", path, end)
		}
	}
	return ""
}
