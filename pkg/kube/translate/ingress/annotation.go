package ingress

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// The prefixes of the annotations that are read, ours before that of ingress-nginx.
const (
	Prefix      = "sluice.dev/"
	NginxPrefix = "nginx.ingress.kubernetes.io/"
)

// settings is what the annotations of an Ingress ask for.
type settings struct {
	redirect resolve.Redirect
	// endpoints is how endpoints are spoken with.
	endpoints endpointTLS
	// ciphers are those that handshakes for the hosts may use; empty leaves it to the process.
	ciphers []uint16
	// access says who comes in.
	access access
	// tuning says how requests are passed on.
	tuning tuning
	// sticky are the sessions, whose path is empty unless it is said.
	sticky ir.Sticky
	// balance is how endpoints are chosen.
	balance ir.Balance
	// serviceUpstream sends requests to the address of the Service instead of its endpoints.
	serviceUpstream bool
	// rewrite is what replaces paths, or empty.
	rewrite string
	// moved answers all requests, nil for none.
	moved *ir.DirectResponse
	// bandwidth, mirror and headers are filters of all routes, nil for none.
	bandwidth *ir.Bandwidth
	mirror    *ir.Mirror
	headers   *ir.ModifyResponseHeader
	// response is what becomes of redirects and cookies of endpoints, nil for nothing.
	response *ir.RewriteResponse
	// limits are those of clients.
	limits []ir.Filter
	// client is what is asked of clients' certificates, nil for nothing.
	client *clientTLS
	// logged says that requests are written to the access log.
	logged bool
	// pages are what is served in place of errors, nil for nothing.
	pages *errorPages
	// closed says why all routes of the object answer 503, or is empty.
	closed string
}

// readAnnotations reads all annotations with our prefixes and reports those that
// are not done as they ask.
func (t *translation) readAnnotations() settings {
	set := settings{redirect: resolve.RedirectNever}
	for _, name := range slices.Sorted(maps.Keys(t.object.Annotations)) {
		if short, ours := strings.CutPrefix(name, Prefix); ours {
			if a := find(short); a == nil || a.NginxOnly {
				t.Facts.Warnf(t.origin, field(name), report.UnknownField, "there is no annotation %s, so it has no effect", name)
			}
		} else if short, nginx := strings.CutPrefix(name, NginxPrefix); nginx {
			t.nginx(name, short, t.object.Annotations[name], &set)
		}
	}
	if t.flag("ssl-redirect", t.Options.SSLRedirect) {
		set.redirect = resolve.RedirectCovered
	}
	if t.flag("force-ssl-redirect", false) {
		set.redirect = resolve.RedirectAlways
	}
	t.readEndpointTLS(&set)
	t.readCiphers(&set)
	t.readAccess(&set)
	set.limits, set.client, set.pages = t.readLimits(&set), t.readClientTLS(&set), t.readErrorPages()
	set.tuning = t.readTuning()
	set.sticky, set.balance = t.readAffinity(), t.readBalance()
	set.serviceUpstream = t.flag("service-upstream", false)
	set.rewrite, set.moved = t.readRewrite(&set), t.readRedirect(&set)
	set.bandwidth, set.mirror, set.headers = t.readBandwidth(), t.readMirror(), t.readHeaders(&set)
	set.response = t.readResponse()
	set.logged = t.flag("enable-access-log", true)
	return set
}

// nginx reports an annotation of ingress-nginx that is not supported. As there,
// an empty one counts as absent.
func (t *translation) nginx(name, short, value string, set *settings) {
	a := find(short)
	switch {
	case a == nil:
		t.Facts.Warnf(t.origin, field(name), report.UnknownField, "ingress-nginx has no annotation %s, so it has no effect", name)
	case a.Use == Supported || value == "" || a.asIs(value):
	case a.Use == Idle:
		t.Facts.Infof(t.origin, field(name), report.Unsupported, "the annotation %s has no effect: %s", name, strings.TrimSuffix(a.Doc, "."))
	case a.Use == Snippet:
		t.snippet(name, value, set)
	case a.Use == Guards:
		set.closed = "the annotation " + name + " restricts access and is not supported"
		t.Facts.Errorf(t.origin, field(name), report.Unsupported,
			"the annotation %s restricts access and is not supported, so all requests for the object's routes are answered 503", name)
	default:
		t.Facts.Warnf(t.origin, field(name), report.Unsupported, "the annotation %s is not supported, so it has no effect", name)
	}
}

// snippet reports a snippet. One that may restrict who is served closes the object.
func (t *translation) snippet(name, value string, set *settings) {
	directive := restrictive(value)
	if directive == "" {
		t.Facts.Warnf(t.origin, field(name), report.Unsupported, "configuration text of nginx is never obeyed, so the annotation %s has no effect", name)
		return
	}
	t.close(set, t.at(field(name)), report.Unsupported, "configuration text of nginx is never obeyed, and \""+directive+"\" in the annotation "+name+" may restrict what is served")
}

// flag returns the value of a boolean annotation, by our name, then by that of
// ingress-nginx. A value that is no boolean is reported and leaves the default.
func (t *translation) flag(short string, otherwise bool) bool {
	for _, name := range []string{Prefix + short, NginxPrefix + short} {
		value := t.object.Annotations[name]
		if value == "" {
			continue
		}
		on, err := strconv.ParseBool(value)
		if err != nil {
			t.Facts.Errorf(t.origin, field(name), report.Invalid, "the value %q is neither true nor false, so %t counts", value, otherwise)
			return otherwise
		}
		return on
	}
	return otherwise
}

func field(annotation string) string { return "metadata.annotations[" + annotation + "]" }
