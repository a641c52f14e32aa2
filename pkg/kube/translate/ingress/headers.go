package ingress

import (
	"regexp"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readHeaders reads custom-headers: what each response gets, in a ConfigMap.
func (t *translation) readHeaders(set *settings) *ir.ModifyResponseHeader {
	at, written := t.text("custom-headers")
	if written == "" {
		return nil
	}
	data, found := t.configMap(written, at, set)
	if !found {
		return nil
	}
	out := &ir.ModifyResponseHeader{}
	for _, name := range sortedKeys(data) {
		if !fieldName.MatchString(name) || ir.ManagedHeader(strings.ToLower(name)) || strings.ContainsAny(data[name], "\r\n\x00") {
			t.close(set, at, report.Unsupported, "the header "+name+" of the ConfigMap "+written+" cannot be set")
			return nil
		}
		out.Edit.Set = append(out.Edit.Set, ir.HeaderField{Name: name, Value: ir.Literal(data[name])})
	}
	if len(out.Edit.Set) == 0 {
		return nil
	}
	return out
}

// configMap returns what a ConfigMap holds that is written as NAME or NAMESPACE/NAME. One that
// cannot be had closes the object.
func (t *translation) configMap(written string, at resolve.Place, set *settings) (data map[string]string, found bool) {
	name := types.NamespacedName{Namespace: t.object.Namespace, Name: written}
	if namespace, rest, both := strings.Cut(written, "/"); both {
		name = types.NamespacedName{Namespace: namespace, Name: rest}
	}
	if name.Namespace != t.object.Namespace {
		t.close(set, at, report.RefNotPermitted, "the ConfigMap "+written+" lies in another namespace")
		return nil, false
	}
	object := t.Snapshot.ConfigMap(name)
	if object == nil {
		t.close(set, at, report.BackendNotFound, "the ConfigMap \""+name.String()+"\" does not exist")
		return nil, false
	}
	return object.Data, true
}

// toBackend returns the filters that change what the back end of a path gets: its host by
// upstream-vhost, X-Forwarded-Prefix and the path by rewrite-target, and what is served in its place.
func (t *translation) toBackend(path string, backend *networkingv1.IngressBackend) []ir.Filter {
	var list []ir.Filter
	rewritten := t.settings.rewriteOf(path)
	if at, prefix := t.text("x-forwarded-prefix"); prefix != "" {
		switch {
		case strings.ContainsAny(prefix, "$\r\n"):
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "variables such as in %q are not supported there, so it has no effect", prefix)
		case rewritten != nil:
			// As in ingress-nginx, which adds it to paths that it rewrites.
			list = append(list, &ir.ModifyRequestHeader{Edit: ir.HeaderEdit{Set: []ir.HeaderField{{Name: "X-Forwarded-Prefix", Value: ir.Literal(prefix)}}}})
		}
	}
	if host := t.upstreamHost(backend); host != "" {
		list = append(list, &ir.RewriteURL{Host: host})
	}
	if rewritten != nil {
		list = append(list, rewritten)
	}
	return append(list, t.settings.pages.filters(t, backend)...)
}

// upstreamHost returns the host that upstream-vhost asks for, empty for that of the client.
func (t *translation) upstreamHost(backend *networkingv1.IngressBackend) string {
	at, host := t.text("upstream-vhost")
	if host == "" {
		return ""
	}
	service, port := "", ""
	if backend.Service != nil {
		service, port = backend.Service.Name, backend.Service.Port.Name
	}
	host = strings.NewReplacer(
		"$service_name", service, "${service_name}", service, "$service_port", port, "${service_port}", port,
		"$namespace", t.object.Namespace, "${namespace}", t.object.Namespace, "$ingress_name", t.object.Name, "${ingress_name}", t.object.Name,
	).Replace(host)
	switch name, _, _ := strings.Cut(host, ":"); {
	case host == "$host" || host == "$http_host" || host == "$best_http_host":
		return ""
	case strings.Contains(host, "$"):
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "the variables in %q are not supported there, so the back end gets the client's host", host)
		return ""
	case !vhost.MatchString(name) || !vhostPort.MatchString(host):
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no host, so the back end gets the client's", host)
		return ""
	}
	return host
}

var (
	vhost     = regexp.MustCompile(`^[-._A-Za-z0-9]+$`)
	vhostPort = regexp.MustCompile(`^[^:]+(:[0-9]{1,5})?$`)
)
