package ingress

import (
	"regexp"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// sessionCookie is the default of session-cookie-name.
const sessionCookie = "INGRESSCOOKIE"

// readAffinity reads affinity and session-cookie-*. The path is that of the route unless it is said.
func (t *translation) readAffinity() ir.Sticky {
	switch at, kind := t.text("affinity"); kind {
	case "":
		return ir.Sticky{}
	case "cookie":
	default:
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "the value %q is not cookie, so there are no sessions", kind)
		return ir.Sticky{}
	}
	out := ir.Sticky{Source: ir.StickyCookie, Name: sessionCookie}
	if at, name := t.text("session-cookie-name"); name != "" {
		if strings.ContainsAny(name, "=;, \r\n\t\"") {
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no name of a cookie, so it is %s", name, sessionCookie)
		} else {
			out.Name = name
		}
	}
	if at, path := t.text("session-cookie-path"); path != "" {
		if !cookieWord.MatchString(path) || path[0] != '/' {
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no path of a cookie, so it has no effect", path)
		} else {
			out.Path = path
		}
	}
	if at, domain := t.text("session-cookie-domain"); domain != "" {
		if !cookieWord.MatchString(domain) {
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no domain of a cookie, so it has no effect", domain)
		} else {
			out.Domain = domain
		}
	}
	switch at, site := t.text("session-cookie-samesite"); strings.ToLower(site) {
	case "":
	case "none":
		out.SameSite = "None"
	case "lax":
		out.SameSite = "Lax"
	case "strict":
		out.SameSite = "Strict"
	default:
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "the value %q is none of None, Lax and Strict, so it has no effect", site)
	}
	if t.flag("session-cookie-secure", false) {
		out.Secure = ir.SecureAlways
	}
	for _, short := range []string{"session-cookie-expires", "session-cookie-max-age"} {
		if n, said := t.number(short, 1, 1<<31-1); said {
			out.Lifetime, out.Permanent = time.Duration(n)*time.Second, true
		}
	}
	return out
}

// cookieWord is the value of an attribute of a cookie.
var cookieWord = regexp.MustCompile(`^[-._~A-Za-z0-9/%:@+]+$`)

// stickyAt returns the sessions of a route with a path.
func (s *settings) stickyAt(path string) ir.Sticky {
	out := s.sticky
	if out.Source != ir.StickyNone && out.Path == "" {
		out.Path = "/"
		if cookieWord.MatchString(path) && path[0] == '/' {
			out.Path = path
		}
	}
	return out
}

// hashVariables are those of nginx that endpoints can be chosen by.
var hashVariables = map[string]ir.HashBy{
	"remote_addr": {Source: ir.HashAddress}, "binary_remote_addr": {Source: ir.HashAddress}, "the_real_ip": {Source: ir.HashAddress},
	"request_uri": {Source: ir.HashPath}, "uri": {Source: ir.HashPath}, "document_uri": {Source: ir.HashPath},
}

// readBalance reads load-balance and upstream-hash-by, which goes first.
func (t *translation) readBalance() ir.Balance {
	at, by := t.text("upstream-hash-by")
	if by != "" {
		hash, ok := hashBy(by)
		if ok {
			return ir.Balance{Strategy: ir.Hash, Hash: hash}
		}
		t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "endpoints cannot be chosen by %q, but by one of an address, path, header, cookie or query parameter, so they go in turn", by)
		return ir.Balance{}
	}
	switch at, strategy := t.text("load-balance"); strategy {
	case "", "round_robin":
	case "ewma":
		return ir.Balance{Strategy: ir.LeastLatency}
	case "least_conn":
		return ir.Balance{Strategy: ir.LeastRequest}
	case "ip_hash":
		return ir.Balance{Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashAddress}}
	default:
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no strategy, so endpoints go in turn", strategy)
	}
	return ir.Balance{}
}

// hostVariables make no difference among the requests of one host.
var hostVariables = strings.NewReplacer("${http_host}", "", "$http_host", "", "${host}", "", "$host", "", "${scheme}", "", "$scheme", "")

// hashBy returns what a text with one variable stands for.
func hashBy(text string) (ir.HashBy, bool) {
	name, found := strings.CutPrefix(hostVariables.Replace(text), "$")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "{"), "}")
	if !found || !cookieWord.MatchString(name) {
		return ir.HashBy{}, false
	}
	if by, known := hashVariables[name]; known {
		return by, true
	}
	if header, ok := strings.CutPrefix(name, "http_"); ok && header != "" {
		header = strings.ReplaceAll(strings.ToLower(header), "_", "-")
		return ir.HashBy{Source: ir.HashHeader, Name: header}, !ir.ManagedHeader(header)
	}
	if cookie, ok := strings.CutPrefix(name, "cookie_"); ok && cookie != "" {
		return ir.HashBy{Source: ir.HashCookie, Name: cookie}, true
	}
	if parameter, ok := strings.CutPrefix(name, "arg_"); ok && parameter != "" {
		return ir.HashBy{Source: ir.HashQuery, Name: parameter}, true
	}
	return ir.HashBy{}, false
}
