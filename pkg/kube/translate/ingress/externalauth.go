package ingress

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

const (
	// authTimeout is the proxy_read_timeout of ingress-nginx.
	authTimeout = 60 * time.Second
	// authRedirectParam is the default of auth-signin-redirect-param.
	authRedirectParam = "rd"
)

// externalAuth is what auth-url and the others ask for; url may hold the host of the route.
type externalAuth struct {
	at   resolve.Place
	url  string
	spec ir.ExternalAuth
}

// readExternalAuth reads auth-url and what belongs to it. A no is answered 401 or 403, any
// other failure 500, as in ingress-nginx.
func (t *translation) readExternalAuth(set *settings) *externalAuth {
	at, written := t.text("auth-url")
	if written == "" {
		return nil
	}
	e := &externalAuth{at: at, url: written, spec: ir.ExternalAuth{
		Timeout: authTimeout, FailStatus: 500, Plain: true, AllHeaders: true, Method: "GET", ToClient: []string{"set-cookie"},
		Set: []ir.HeaderField{
			{Name: "X-Original-URL", Value: "{scheme}://{authority}{uri}"}, {Name: "X-Original-Method", Value: "{method}"},
			{Name: "X-Sent-From", Value: "nginx-ingress-controller"}, {Name: "X-Auth-Request-Redirect", Value: "{uri}"},
		},
	}}
	e.spec.ToClientAlways = t.flag("auth-always-set-cookie", false)
	t.readAuthMethod(&e.spec, set)
	t.readAuthHeaders(&e.spec, set)
	t.readSignIn(&e.spec, set)
	t.readAuthCache(&e.spec, set)
	return e
}

func (t *translation) readAuthMethod(spec *ir.ExternalAuth, set *settings) {
	at, method := t.text("auth-method")
	switch method {
	case "":
		return
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		spec.Method = method
		spec.Set = append(spec.Set, ir.HeaderField{Name: "X-Original-URI", Value: "{uri}"}, ir.HeaderField{Name: "X-Scheme", Value: "{scheme}"})
	default:
		t.close(set, at, report.Invalid, "the method \""+method+"\" is not known")
	}
}

// readAuthHeaders reads auth-response-headers, auth-proxy-set-headers and auth-request-redirect.
func (t *translation) readAuthHeaders(spec *ir.ExternalAuth, set *settings) {
	at, _ := t.text("auth-response-headers")
	for _, name := range t.words("auth-response-headers", "") {
		if name = strings.ToLower(name); ir.ManagedHeader(name) || strings.ContainsAny(name, " \t:") {
			t.close(set, at, report.Invalid, "the header "+name+" cannot be set")
			continue
		}
		spec.ToEndpoint = append(spec.ToEndpoint, name)
	}
	slices.Sort(spec.ToEndpoint)
	spec.ToEndpoint = slices.Compact(spec.ToEndpoint)
	if at, redirect := t.text("auth-request-redirect"); redirect != "" {
		text, err := nginxText(redirect)
		if err != nil {
			t.close(set, at, report.Unsupported, err.Error())
		}
		spec.Set[3].Value = text
	}
	at, written := t.text("auth-proxy-set-headers")
	if written == "" {
		return
	}
	data, found := t.configMap(written, at, set)
	if !found {
		return
	}
	for _, header := range sortedKeys(data) {
		text, err := nginxText(data[header])
		if err != nil || ir.ManagedHeader(strings.ToLower(header)) {
			t.close(set, at, report.Unsupported, "the header "+header+" of the ConfigMap \""+written+"\" cannot be set")
			return
		}
		spec.Set = append(spec.Set, ir.HeaderField{Name: header, Value: text})
	}
}

// readSignIn reads auth-signin. Unless the URL has it, a parameter tells the way back.
func (t *translation) readSignIn(spec *ir.ExternalAuth, set *settings) {
	at, written := t.text("auth-signin")
	if written == "" {
		return
	}
	_, param := t.text("auth-signin-redirect-param")
	param = cmp.Or(param, authRedirectParam)
	text, err := nginxText(written)
	if err != nil {
		t.close(set, at, report.Unsupported, err.Error())
		return
	}
	_, query, hasQuery := strings.Cut(written, "?")
	values, _ := url.ParseQuery(query)
	back := ir.Literal(param) + "={scheme}://{authority}{uri.escaped}"
	switch {
	case !hasQuery || query == "":
		text += "?" + back
	case values.Get(param) == "":
		text += "&" + back
	}
	spec.SignIn = text
}

// readAuthCache reads auth-cache-key and auth-cache-duration, such as "200 202 10m, 401 5m".
func (t *translation) readAuthCache(spec *ir.ExternalAuth, set *settings) {
	at, key := t.text("auth-cache-key")
	if key == "" {
		return
	}
	text, err := nginxText(key)
	if err != nil {
		t.close(set, at, report.Unsupported, err.Error())
		return
	}
	spec.CacheKey = text
	at, written := t.text("auth-cache-duration")
	kept := make(map[int]time.Duration)
	for entry := range strings.SplitSeq(cmp.Or(written, "200 202 401 5m"), ",") {
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		d, err := nginxTime(words[len(words)-1])
		for _, word := range words[:len(words)-1] {
			status, bad := strconv.Atoi(word)
			if bad != nil || status < 200 || status > 599 {
				err = cmp.Or(err, bad)
				d = 0
				continue
			}
			kept[status] = d
		}
		if err != nil || d <= 0 || len(words) < 2 {
			t.close(set, at, report.Invalid, "the time \""+strings.TrimSpace(entry)+"\" is not written as STATUS... TIME")
			return
		}
	}
	for status, d := range kept {
		spec.Cache = append(spec.Cache, ir.AuthCache{Status: status, For: d})
	}
	slices.SortFunc(spec.Cache, func(a, b ir.AuthCache) int { return a.Status - b.Status })
}

// nginxTime reads a time of nginx with one unit: seconds where there is none.
func nginxTime(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 20); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 10)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

// filter makes the filter for a route, or says why it must be closed.
func (e *externalAuth) filter(t *translation, route *resolve.Route) (f ir.Filter, closed string) {
	refuse := func(reason report.Reason, message string) (ir.Filter, string) {
		t.Facts.Errorf(t.origin, e.at.Field, reason, "%s, so all requests for the routes are answered 503", message)
		return nil, message
	}
	written, host := e.url, route.Host
	if host != "" && !strings.HasPrefix(host, "*") {
		// The host is known, so that a URL of the same host can be resolved.
		authority, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(written, "http://"), "https://"), "/")
		named := strings.NewReplacer("${http_host}", host, "$http_host", host, "${host}", host, "$host", host).Replace(authority)
		written = strings.Replace(written, authority, named, 1)
	}
	scheme, rest, _ := strings.Cut(written, "://")
	authority, path, _ := strings.Cut(rest, "/")
	if scheme != "http" && scheme != "https" || authority == "" {
		return refuse(report.Invalid, "\""+e.url+"\" is no URL of http or https")
	}
	if strings.Contains(authority, "$") {
		return refuse(report.Unsupported, "the host of \""+e.url+"\" is not known beforehand")
	}
	text, err := nginxText("/" + path)
	if err != nil {
		return refuse(report.Unsupported, err.Error())
	}
	address, name := authority, authority
	if h, _, err := net.SplitHostPort(authority); err == nil {
		name = h
	} else {
		address = net.JoinHostPort(strings.Trim(authority, "[]"), map[string]string{"http": "80", "https": "443"}[scheme])
	}
	share := t.Address(address, e.at)
	if share.Upstream == "" {
		return nil, share.FailReason // It has been reported.
	}
	out := e.spec
	out.Upstream, out.Host, out.Path = share.Upstream, ir.Literal(authority), text
	if scheme == "https" {
		out.Upstream = t.Secured(out.Upstream, ir.UpstreamTLS{Enabled: true, ServerName: name, System: true, Names: []string{name}})
	}
	if out.CacheKey != "" {
		out.Key = route.ID + "/auth-url" // An answer for one path says nothing of another.
	}
	return &out, ""
}
