package ingress

import (
	"net"
	"net/url"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readMirror reads mirror-target, whose path must be that of the request. Where it cannot be used
// there are no copies, which does not harm the requests themselves.
func (t *translation) readMirror() *ir.Mirror {
	at, target := t.text("mirror-target")
	if target == "" {
		return nil
	}
	base := strings.NewReplacer("${request_uri}", "", "$request_uri", "").Replace(target)
	u, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || strings.Contains(base, "$") {
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "%q is no URL of a host with $request_uri behind it, so requests are not copied", target)
		return nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	share := t.Address(net.JoinHostPort(u.Hostname(), port), at.Otherwise("requests are not copied"))
	if share.Upstream == "" {
		return nil // It has been reported.
	}
	out := &ir.Mirror{Upstream: share.Upstream, Numerator: 1, Denominator: 1, Host: t.mirrorHost(u), WithoutBody: t.off("mirror-request-body")}
	if u.Scheme == "https" {
		out.Upstream = t.Secured(out.Upstream, ir.UpstreamTLS{Enabled: true, ServerName: u.Hostname(), System: true, Names: []string{u.Hostname()}})
	}
	return out
}

// mirrorHost reads mirror-host, which is that of the target unless it is said.
func (t *translation) mirrorHost(target *url.URL) string {
	at, host := t.text("mirror-host")
	switch name, _, _ := strings.Cut(host, ":"); {
	case host == "":
	case host == "$host" || host == "$http_host":
		return ""
	case !vhost.MatchString(name) || !vhostPort.MatchString(host):
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no host, so copies have that of mirror-target", host)
	default:
		return host
	}
	return target.Host
}
