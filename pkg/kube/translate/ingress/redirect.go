package ingress

import (
	"net/url"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readRedirect reads permanent-redirect and temporal-redirect, which goes first. The answer names
// the written place; path and query of the request are dropped, as by ingress-nginx.
func (t *translation) readRedirect(set *settings) *ir.DirectResponse {
	short, status, most := "temporal-redirect", 302, 307
	at, to := t.text(short)
	if to == "" {
		short, status, most = "permanent-redirect", 301, 308
		at, to = t.text(short)
	}
	if to == "" {
		return nil
	}
	if n, said := t.number(short+"-code", 300, most); said {
		status = n
	}
	location, problem := t.location(to)
	if problem != "" {
		t.close(set, at, report.Invalid, problem)
		return nil
	}
	return moved(status, location)
}

// location returns what a redirect to a written URL or path says.
func (t *translation) location(to string) (location ir.Text, problem string) {
	u, err := url.Parse(to)
	switch {
	case err != nil || strings.ContainsAny(to, "$ \t\r\n"):
		return "", "\"" + to + "\" is no URL"
	case u.Scheme == "http" || u.Scheme == "https":
		if u.Host == "" {
			return "", "the URL \"" + to + "\" has no host"
		}
		return ir.Literal(to), ""
	case u.Scheme != "" || u.Host != "" || !strings.HasPrefix(to, "/"):
		return "", "\"" + to + "\" is neither a URL of http or https nor a path"
	case t.flag("relative-redirects", false):
		return ir.Literal(to), ""
	}
	return "{scheme}://{authority}" + ir.Literal(to), ""
}

func moved(status int, location ir.Text) *ir.DirectResponse {
	return &ir.DirectResponse{Status: status, Header: []ir.HeaderField{{Name: "Location", Value: location}}}
}

// appRoot adds for each host of the rules a route that sends "/" to app-root. As in ingress-nginx
// that comes before everything else, the redirect to HTTPS too.
func (t *translation) appRoot() {
	at, to := t.text("app-root")
	if to == "" || t.settings.closed != "" {
		return
	}
	location, problem := t.location(to)
	if problem != "" || !strings.HasPrefix(to, "/") {
		t.Facts.Errorf(t.origin, at.Field, report.Invalid, "%q is no path, so nothing is redirected there", to)
		return
	}
	var routes []resolve.Route
	for _, host := range t.hosts {
		routes = append(routes, resolve.Route{Host: host, Route: ir.Route{
			ID: t.id("app-root", host), Origin: t.origin, Field: at.Field,
			Match:   ir.Match{Path: ir.PathMatch{Kind: ir.PathExact, Value: "/"}},
			Filters: []ir.Filter{moved(302, location)},
			Action:  &ir.Respond{Status: 404, Reason: "the redirect answers"},
		}})
	}
	// Before the object's own routes, so that it wins over an exact "/" among them.
	t.fragment.Routes = append(routes, t.fragment.Routes...)
}

// twin returns the name with "www." for one without it, and the other way round.
func twin(host string) string {
	if name, found := strings.CutPrefix(host, "www."); found {
		return name
	}
	return "www." + host
}

// redirectTwins adds for each host a redirect from its twin, as long as no Ingress serves that.
func (t *translation) redirectTwins(served map[string]bool) {
	if !t.flag("from-to-www-redirect", false) {
		return
	}
	at, _ := t.text("from-to-www-redirect")
	for _, host := range t.hosts {
		other := twin(host)
		if host == "" || strings.HasPrefix(host, "*.") || served[other] {
			continue
		}
		t.fragment.Routes = append(t.fragment.Routes, resolve.Route{Host: other, Route: ir.Route{
			ID: t.id("www", other), Origin: t.origin, Field: at.Field,
			Match:   ir.Match{Path: ir.PathMatch{Kind: ir.PathPrefix, Value: "/"}},
			Filters: []ir.Filter{&ir.Redirect{Status: 308, Host: host}},
			Action:  &ir.Respond{Status: 404, Reason: "the redirect answers"},
		}})
		t.bindAlso(host, other)
	}
}

// bindAlso binds the certificates of a host to another name where they cover it.
func (t *translation) bindAlso(host, other string) {
	for _, b := range t.fragment.Bindings {
		if b.Host == host && b.Certificate.Covers(other) {
			t.fragment.Bindings = append(t.fragment.Bindings, resolve.Binding{Host: other, Certificate: b.Certificate, Field: b.Field})
		}
	}
}
