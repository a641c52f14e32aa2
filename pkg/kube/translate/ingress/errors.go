package ingress

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// errorPages is what default-backend and custom-http-errors ask for.
type errorPages struct {
	// upstream gives the pages.
	upstream string
	// statuses are those of endpoints' answers that are replaced.
	statuses []ir.StatusRange
}

// readErrorPages reads default-backend and custom-http-errors.
func (t *translation) readErrorPages() *errorPages {
	pages := &errorPages{}
	at, _ := t.text("custom-http-errors")
	for _, word := range t.words("custom-http-errors", "") {
		status, err := strconv.Atoi(word)
		if err != nil || status < 400 || status > 599 {
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no status between 400 and 599, so it has no effect", word)
			continue
		}
		pages.statuses = append(pages.statuses, ir.StatusRange{From: status, To: status})
	}
	from, service := t.text("default-backend")
	if service == "" {
		if len(pages.statuses) > 0 {
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "no default-backend gives the pages, so answers of endpoints stay as they are")
		}
		return nil
	}
	name := types.NamespacedName{Namespace: t.object.Namespace, Name: service}
	object := t.Snapshot.Service(name)
	port := intstr.FromInt32(0)
	if object != nil {
		for i := range object.Spec.Ports {
			if p := &object.Spec.Ports[i]; p.Protocol == corev1.ProtocolTCP || p.Protocol == "" {
				port = intstr.FromInt32(p.Port)
				break
			}
		}
	}
	share := t.Service(name, port, from.Otherwise("nothing is served in place of what is missing"))
	if pages.upstream = share.Upstream; pages.upstream == "" {
		return nil // It has been reported.
	}
	if t.flag("disable-proxy-intercept-errors", false) {
		pages.statuses = nil
	}
	return pages
}

// filters returns the error pages of a back end, with the headers by which ingress-nginx says
// what is missing.
func (p *errorPages) filters(t *translation, backend *networkingv1.IngressBackend) []ir.Filter {
	if p == nil {
		return nil
	}
	header := []ir.HeaderField{
		{Name: "X-Namespace", Value: ir.Literal(t.object.Namespace)}, {Name: "X-Ingress-Name", Value: ir.Literal(t.object.Name)},
	}
	if s := backend.Service; s != nil {
		port := s.Port.Name
		if port == "" {
			port = strconv.Itoa(int(s.Port.Number))
		}
		header = append(header, ir.HeaderField{Name: "X-Service-Name", Value: ir.Literal(s.Name)}, ir.HeaderField{Name: "X-Service-Port", Value: ir.Literal(port)})
	}
	header = append(header, ir.HeaderField{Name: "X-Request-ID", Value: "{request_id}"})
	page := func(endpoints bool, statuses ...ir.StatusRange) ir.Filter {
		return &ir.ErrorPage{Statuses: statuses, Endpoints: endpoints, Upstream: p.upstream, Header: header, OwnStatus: true}
	}
	var list []ir.Filter
	if len(p.statuses) > 0 {
		list = append(list, page(true, p.statuses...))
	}
	// Where no endpoint serves.
	return append(list, page(false, ir.StatusRange{From: 503, To: 503}))
}
