package settings

import (
	"cmp"
	"path"
	"strconv"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// fileTypes are what the ends of file names stand for.
var fileTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8", ".txt": "text/plain; charset=utf-8",
	".json": "application/json", ".xml": "application/xml", ".svg": "image/svg+xml", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".md": "text/markdown; charset=utf-8",
}

// content is the body of an answer, as an object says it.
type content struct {
	body, contentType string
	configMap         *v1alpha1.ContentRef
	template          *bool
	// otherwise is the type where nothing says one.
	otherwise string
}

// content returns the body with its type, both empty where there is none.
func (f *filters) content(c content, at resolve.Place) (contentType string, body ir.Text) {
	text := c.body
	if ref := c.configMap; ref != nil {
		if text != "" {
			f.refuse(at.At(".configMap"), "there is a body as well")
		}
		found, fault := f.Content(types.NamespacedName{Namespace: at.Origin.Namespace, Name: ref.Name}, ref.Key)
		if fault != (resolve.Fault{}) {
			f.sound = false
			f.Facts.Errorf(at.Origin, at.Field+".configMap", fault.Reason, "%s, so %s", fault.Message, broken)
			return "", ""
		}
		text = found
		c.otherwise = cmp.Or(fileTypes[path.Ext(ref.Key)], c.otherwise)
	}
	if text == "" {
		return "", ""
	}
	body = ir.Literal(text)
	if c.template != nil && *c.template {
		body = ir.Text(text)
	}
	return cmp.Or(c.contentType, c.otherwise), body
}

func (f *filters) respond(s *v1alpha1.DirectResponseFilter, at resolve.Place) ir.Filter {
	if s.Status < 200 || s.Status > 599 {
		f.refuse(at.At(".status"), "the status %d is not between 200 and 599", s.Status)
	}
	if (s.Status == 204 || s.Status == 205 || s.Status == 304) && (s.Body != "" || s.ConfigMap != nil) {
		f.refuse(at.At(".status"), "a response with the status %d has no body", s.Status)
	}
	out := &ir.DirectResponse{Status: int(s.Status), Header: f.fields(s.Headers, at.At(".headers"))}
	out.ContentType, out.Body = f.content(content{s.Body, s.ContentType, s.ConfigMap, s.Template, "text/plain; charset=utf-8"}, at)
	return out
}

func (f *filters) errorPage(s *v1alpha1.ErrorPageFilter, at resolve.Place) ir.Filter {
	out := &ir.ErrorPage{Endpoints: s.Endpoints, OwnStatus: s.Status == v1alpha1.ErrorPageBackend}
	for i, text := range s.Statuses {
		statuses, ok := parseStatuses(string(text))
		if !ok || statuses.From < 400 || statuses.To > 599 {
			f.refuse(at.At(".statuses["+strconv.Itoa(i)+"]"), "%q is no status from 400 to 599, and no range of such", text)
		}
		out.Statuses = append(out.Statuses, statuses)
	}
	sources := 0
	for _, set := range []bool{s.Body != "", s.ConfigMap != nil, s.Service != nil, s.Address != ""} {
		if set {
			sources++
		}
	}
	if sources != 1 || len(s.Statuses) == 0 {
		f.refuse(at, "statuses must be set, and exactly one of body, configMap, service and address")
		return out
	}
	if s.Service == nil && s.Address == "" {
		out.ContentType, out.Body = f.content(content{s.Body, s.ContentType, s.ConfigMap, s.Template, "text/html; charset=utf-8"}, at)
		return out
	}
	out.Upstream = f.pageUpstream(s, at)
	out.Header = []ir.HeaderField{
		{Name: "X-Namespace", Value: ir.Literal(at.Origin.Namespace)}, {Name: "X-Ingress-Name", Value: ir.Literal(at.Origin.Name)},
	}
	return out
}

// pageUpstream returns the upstream that is asked for a page. Where there is none that is
// reported, and the route does not serve without its page.
func (f *filters) pageUpstream(s *v1alpha1.ErrorPageFilter, at resolve.Place) string {
	var share ir.WeightedUpstream
	if s.Service != nil {
		share = Service(f.Resolver, s.Service, at.At(".service").Otherwise(broken))
	} else {
		share = f.Address(s.Address, at.At(".address").Otherwise(broken))
	}
	if share.Upstream == "" {
		f.sound = false
	}
	return share.Upstream
}
