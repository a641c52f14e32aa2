package proxyroute

import (
	"strconv"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/policies"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/kube/translate/settings"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Translate returns the fragments of all ProxyRoutes that are ours, the oldest first.
func Translate(r *resolve.Resolver, set *policies.Set) []resolve.Fragment {
	var fragments []resolve.Fragment
	classes := r.Options.Classes()
	for _, object := range r.Snapshot.ProxyRoutes() {
		origin := report.Origin{Kind: "ProxyRoute", Namespace: object.Namespace, Name: object.Name}
		if served, why := r.Snapshot.ServesProxyRoute(object.Spec.IngressClassName, classes); !served {
			r.Facts.Infof(origin, "", report.OtherClass, "%s", why)
			continue
		}
		if object.Spec.Suspend {
			r.Facts.Infof(origin, "spec.suspend", report.Suspended, "the object is out of service, as it says")
			continue
		}
		t := &translation{Resolver: r, policies: set, object: object, origin: origin}
		fragments = append(fragments, t.translate())
	}
	return fragments
}

// translation is the translation of one ProxyRoute.
type translation struct {
	*resolve.Resolver
	policies *policies.Set
	object   *v1alpha1.ProxyRoute
	origin   report.Origin
	hosts    []host
	fragment resolve.Fragment
	// backends are those of the route at hand.
	backends []policies.Backend
	// guard asks clients for a certificate; nil for none.
	guard *ir.ClientCertificate
	// closed says why all routes answer 500, or is empty.
	closed string
}

// host is an entry of spec.hosts.
type host struct {
	written, pattern, field string
}

func (t *translation) translate() resolve.Fragment {
	t.fragment.Origin = t.origin
	t.fragment.Created = t.object.CreationTimestamp.Time
	t.readHosts()
	if t.passesOn() {
		t.stream()
		return t.fragment
	}
	redirect := t.tls()
	names := make(map[string]bool)
	for i := range t.object.Spec.Routes {
		route := &t.object.Spec.Routes[i]
		id := strconv.Itoa(i)
		switch at := t.at("spec.routes[" + id + "]"); {
		case route.Name == "":
		case names[route.Name]:
			t.Facts.Warnf(t.origin, at.Field+".name", report.Invalid, "another route is named %q already, so this one goes by its position", route.Name)
		default:
			names[route.Name] = true
			id = route.Name
		}
		if route.Suspend {
			t.Facts.Infof(t.origin, t.at("spec.routes["+strconv.Itoa(i)+"].suspend").Field, report.Suspended, "the route is out of service, as it says")
			continue
		}
		t.route(i, id, route, redirect)
	}
	return t.fragment
}

func (t *translation) at(field string) resolve.Place {
	return resolve.Place{Origin: t.origin, Field: field}
}

// readHosts fills hosts with those that are valid, each pattern once.
func (t *translation) readHosts() {
	seen := make(map[string]bool)
	for i, written := range t.object.Spec.Hosts {
		field := "spec.hosts[" + strconv.Itoa(i) + "]"
		pattern, err := resolve.Host(written, resolve.HostKinds{Partial: true, Suffix: true, Any: true})
		switch {
		case err != nil:
			t.Facts.Errorf(t.origin, field, report.Invalid, "the host %q %v, so nothing is served for it", written, err)
		case seen[pattern]:
			t.Facts.Warnf(t.origin, field, report.Invalid, "the host %q is there twice", written)
		default:
			seen[pattern] = true
			t.hosts = append(t.hosts, host{written, pattern, field})
		}
	}
}

// bind binds the certificate to one host. A host that stands for names of any
// depth gets those of the certificate's names that it stands for.
func (t *translation) bind(h host, certificate *resolve.Certificate) {
	bound := false
	for _, pattern := range coveredBy(h.pattern, certificate) {
		t.fragment.Bindings = append(t.fragment.Bindings, resolve.Binding{Host: pattern, Certificate: certificate, Field: h.field})
		bound = true
	}
	if !bound {
		t.Facts.Warnf(t.origin, h.field, report.CertificateMismatch,
			"the certificate in the Secret %q does not cover the host %q, so it is not used there", certificate.Name, h.written)
	}
}

// route adds a route for each host and each match.
func (t *translation) route(index int, id string, route *v1alpha1.Route, redirect resolve.Redirect) {
	at := t.at("spec.routes[" + strconv.Itoa(index) + "]")
	reader := &settings.Reader{Resolver: t.Resolver, Sources: []settings.Source{{Settings: &route.Settings, At: at}, {Settings: &t.object.Spec.Settings, At: t.at("spec")}}}
	action := t.forward(route, reader, at)
	limits, sources, sound := t.limits(reader, id, at)
	if !sound {
		limits, action = ir.Limits{}, &ir.Respond{Status: 500, Reason: "the limits of the route are invalid"}
	}
	filters, sound := t.filters(route.Filters, route, at.At(".filters"))
	if !sound {
		filters, action = nil, &ir.Respond{Status: 500, Reason: "a filter of the route is invalid"}
	}
	timeouts, retry, kept := reader.Timeouts(), reader.Retry(), reader.BufferResponse()
	maxBody := t.Options.MaxBodyBytes
	if own := route.MaxBodyBytes; own != nil {
		maxBody = *own
		if maxBody < 0 {
			t.Facts.Errorf(t.origin, at.Field+".maxBodyBytes", report.Invalid, "the bound %d of the body is below 0, so requests are answered 500", maxBody)
			maxBody, filters, action = 0, nil, &ir.Respond{Status: 500, Reason: "the bound of the body is invalid"}
		}
	}
	if t.closed != "" {
		filters, action = nil, &ir.Respond{Status: 500, Reason: t.closed}
	}
	matches := route.Matches
	if len(matches) == 0 {
		matches = []v1alpha1.Match{{}}
	}
	for i := range matches {
		field := at.Field
		if len(route.Matches) > 0 {
			field += ".matches[" + strconv.Itoa(i) + "]"
		}
		match, ok := t.match(&matches[i], t.at(field))
		if !ok {
			continue
		}
		if route.Connect {
			match.Method = "CONNECT"
		}
		for _, h := range t.hosts {
			t.fragment.Routes = append(t.fragment.Routes, resolve.Route{
				Host:     h.pattern,
				Redirect: redirect,
				Route: ir.Route{
					ID:             "proxyroute/" + t.object.Namespace + "/" + t.object.Name + "/" + id + "/" + strconv.Itoa(i) + "/" + h.written,
					Origin:         t.origin,
					Field:          field,
					Match:          match,
					Filters:        t.guarded(settings.FiltersFor(filters, &match)),
					Action:         settings.ActionFor(action, &match),
					Timeouts:       timeouts,
					Retry:          retry,
					MaxBodyBytes:   maxBody,
					BufferRequest:  route.BufferRequest && !route.Connect,
					Unlogged:       route.Unlogged,
					BufferResponse: kept,
					Connect:        route.Connect,
					Limits:         limits,
					Sources:        sources,
				},
			})
		}
	}
}
