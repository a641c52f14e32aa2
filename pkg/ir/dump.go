package ir

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/report"
)

// Dump writes the Config as indented lines, one fact a line, in the order of the
// Config. It is what golden tests compare and what the admin API shows.
// The text is stable and shows every field that has an effect; what is zero and has none is
// left out. Private keys are never printed. The error is w's.
func Dump(w io.Writer, c *Config) error {
	d := dumper{w: bufio.NewWriter(w)}
	for i := range c.Listeners {
		d.listener(&c.Listeners[i])
	}
	for i := range c.RouteSets {
		d.routeSet(&c.RouteSets[i])
	}
	for i := range c.Upstreams {
		d.upstream(&c.Upstreams[i])
	}
	for i := range c.Certificates {
		d.certificate(&c.Certificates[i])
	}
	return d.w.Flush()
}

// dumper writes lines; bufio keeps the first error until Flush.
type dumper struct{ w *bufio.Writer }

// line writes one line of words, without the empty ones.
func (d dumper) line(depth int, words ...string) {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	fmt.Fprintf(d.w, "%s%s\n", strings.Repeat("  ", depth), strings.Join(words, " "))
}

func (d dumper) listener(l *Listener) {
	port := ""
	if l.Port != 0 {
		port = "port=" + strconv.Itoa(int(l.Port))
	}
	if l.PublicPort != 0 {
		port = strings.TrimSpace(port + " public=" + strconv.Itoa(int(l.PublicPort)))
	}
	http3 := ""
	if l.HTTP3 {
		http3 = "http3"
	}
	if l.HTTP3Port != 0 {
		http3 = strings.TrimSpace(http3 + " http3-port=" + strconv.Itoa(int(l.HTTP3Port)))
	}
	routes := ""
	if l.RouteSet != "" {
		routes = "routes=" + quote(l.RouteSet)
	}
	d.line(0, "listener", quote(l.Name), l.Protocol.String(), port, http3, routes, origin(l.Origin, ""))
	for _, c := range l.Scopes {
		d.line(1, "scope", quote(c.Host), "routes="+quote(c.RouteSet))
	}
	for i := range l.Streams {
		d.stream(&l.Streams[i])
	}
	for _, b := range l.TLS.Bindings {
		d.line(1, "tls", quote(b.Host), list(b.Certificates))
	}
	if l.TLS.Default != "" {
		d.line(1, "tls-default", quote(l.TLS.Default))
	}
	if l.TLS.Client != (ClientAuth{}) {
		d.line(1, append([]string{"tls-client", l.TLS.Client.Mode.String()}, l.TLS.Client.words()...)...)
	}
	for i := range l.TLS.Hosts {
		h := &l.TLS.Hosts[i]
		d.line(1, "tls-host", h.String(), origin(h.Origin, h.Field))
	}
}

func (d dumper) stream(s *Stream) {
	ends := ""
	if s.Terminate {
		ends = "terminate"
	}
	d.line(1, "stream", quote(s.Host), quote(s.ID), ends, origin(s.Origin, s.Field))
	d.line(2, timeouts(s.Timeouts)...)
	if s.Limits != (Limits{}) {
		d.line(2, "limits", s.Limits.String())
	}
	for _, b := range s.Backends {
		d.line(2, backend(b)...)
	}
}

func (d dumper) routeSet(s *RouteSet) {
	d.line(0, "routes", quote(s.Name))
	for i := range s.Hosts {
		d.line(1, "host", quote(s.Hosts[i].Pattern))
		for j := range s.Hosts[i].Routes {
			d.route(&s.Hosts[i].Routes[j])
		}
	}
}

func (d dumper) route(r *Route) {
	d.line(2, "route", quote(r.ID), origin(r.Origin, r.Field))
	d.line(3, "match", r.Match.String())
	for _, f := range r.Filters {
		d.line(3, "filter", FilterString(f))
	}
	if r.Connect {
		d.line(3, "connect")
	}
	d.line(3, timeouts(r.Timeouts)...)
	if words := r.Retry.words(); words != nil {
		d.line(3, words...)
	}
	if r.MaxBodyBytes != 0 {
		d.line(3, "max-body", strconv.FormatInt(r.MaxBodyBytes, 10))
	}
	if r.Unlogged {
		d.line(3, "unlogged")
	}
	if r.BufferRequest {
		d.line(3, "buffer-request")
	}
	if b := r.BufferResponse; b != (ResponseBuffer{}) {
		d.line(3, "buffer-response", "memory="+strconv.FormatInt(b.MemoryBytes, 10), "disk="+strconv.FormatInt(b.DiskBytes, 10))
	}
	if r.Limits != (Limits{}) {
		d.line(3, "limits", r.Limits.String())
	}
	for _, s := range r.Sources {
		d.line(3, "setting", s.Setting, origin(s.Origin, s.Field))
	}
	d.action(r.Action)
}

func (d dumper) action(a Action) {
	switch a := a.(type) {
	case *Forward:
		d.line(3, append([]string{"forward"}, a.Versioning.words()...)...)
		if a.Sticky != (Sticky{}) {
			d.line(4, "sticky", a.Sticky.String())
		}
		for _, b := range a.Backends {
			d.line(4, backend(b)...)
			for _, f := range b.Filters {
				d.line(5, "filter", FilterString(f))
			}
		}
	case *Respond:
		body := ""
		if a.Body != "" {
			body = "body=" + strconv.Quote(a.Body)
		}
		d.line(3, "respond", strconv.Itoa(a.Status), strconv.Quote(a.Reason), body)
	case nil:
		d.line(3, "no action")
	}
}

func backend(b WeightedUpstream) []string {
	words := []string{"weight=" + strconv.Itoa(b.Weight)}
	if b.Version != "" {
		words = append(words, "version="+quote(b.Version))
	}
	if b.Unready {
		words = append(words, "unready")
	}
	if b.Upstream != "" {
		words = append(words, "upstream", quote(b.Upstream))
	}
	if b.Upstream == "" || b.FailStatus != 0 || b.FailReason != "" {
		words = append(words, "fail", strconv.Itoa(b.FailStatus), strconv.Quote(b.FailReason))
	}
	return words
}

func (d dumper) upstream(u *Upstream) {
	d.line(0, "upstream", quote(u.Key), "endpoints="+quote(u.Endpoints), u.Protocol.String(), u.Balance.String(),
		"max-idle="+strconv.Itoa(u.MaxIdlePerEndpoint), origin(u.Origin, ""))
	if u.ProxyProtocol != 0 {
		d.line(1, "proxy-protocol", "v"+strconv.Itoa(int(u.ProxyProtocol)))
	}
	if !u.TLS.zero() {
		d.line(1, u.TLS.words()...)
	}
	if h := u.Health.String(); h != "" {
		d.line(1, "health", h)
	}
	if u.Breaker != (Breaker{}) {
		d.line(1, "breaker", u.Breaker.String())
	}
	if u.RetryConstraint != (RetryConstraint{}) {
		d.line(1, "retry-constraint", u.RetryConstraint.String())
	}
}

func (d dumper) certificate(c *Certificate) {
	d.line(0, "certificate", quote(c.Name), "fingerprint="+quote(c.Fingerprint), c.staple(), origin(c.Origin, ""))
}

// String returns the condition as one line: the path, then what else must hold,
// such as `Prefix /a method=GET header:x-version="2" query:debug`.
func (m Match) String() string {
	var b strings.Builder
	b.WriteString(m.Path.Kind.String())
	b.WriteByte(' ')
	b.WriteString(quote(m.Path.Value))
	if m.Method != "" {
		b.WriteString(" method=" + quote(m.Method))
	}
	for _, h := range m.Headers {
		b.WriteString(" header:" + h.String())
	}
	for _, q := range m.Query {
		b.WriteString(" query:" + q.String())
	}
	return b.String()
}

// String returns name="value", name~"expression", or the name where it only
// has to be there; name?"value" is what makes no sense.
func (v ValueMatch) String() string {
	switch v.Kind {
	case ValueExact:
		return quote(v.Name) + "=" + strconv.Quote(v.Value)
	case ValueRegex:
		return quote(v.Name) + "~" + strconv.Quote(v.Value)
	case ValuePresent:
		if v.Value == "" {
			return quote(v.Name)
		}
	}
	return quote(v.Name) + "?" + strconv.Quote(v.Value)
}

// FilterString returns a filter as one line: its kind and its parameters.
func FilterString(f Filter) string {
	switch f := f.(type) {
	case *RedirectHTTPS:
		return fmt.Sprintf("redirect-https status=%d port=%d", f.Status, f.Port)
	case *ModifyRequestHeader:
		return f.Edit.words("request-header")
	case *ModifyResponseHeader:
		return f.Edit.words("response-header")
	case *RewriteURL:
		return f.words()
	case *Redirect:
		return f.words()
	case *RewriteResponse:
		return f.words()
	case *CORS:
		return f.words()
	case *Mirror:
		return f.words()
	case *IPAccess:
		return f.words()
	case *Fault:
		return f.words()
	case *RateLimit:
		return f.words()
	case *ActiveLimit:
		return f.words()
	case *BasicAuth:
		return f.words()
	case *BearerAuth:
		return f.words()
	case *ClientCertificate:
		return f.words()
	case *JWT:
		return f.words()
	case *ExternalAuth:
		return f.words()
	case *SatisfyAny:
		return f.words()
	case *DirectResponse:
		return f.words()
	case *Drop:
		return "drop"
	case *ErrorPage:
		return f.words()
	case *BodySize:
		return f.words()
	case *Bandwidth:
		return f.words()
	case *Compress:
		return f.words()
	case nil:
		return "none"
	}
	return fmt.Sprintf("unknown %T", f)
}

// timeouts returns the words of the timeouts that are bounded, none for none.
func timeouts(t Timeouts) []string {
	named := []struct {
		name string
		d    time.Duration
	}{
		{"connect", t.Connect},
		{"request", t.Request},
		{"backend-request", t.BackendRequest},
		{"idle", t.Idle},
		{"tunnel-idle", t.TunnelIdle},
	}
	words := []string{"timeouts"}
	for _, n := range named {
		if n.d != 0 {
			words = append(words, n.name+"="+n.d.String())
		}
	}
	if len(words) == 1 {
		words = append(words, "none")
	}
	return words
}

func origin(o report.Origin, field string) string {
	switch {
	case o == report.Origin{} && field == "":
		return ""
	case field == "":
		return "from " + quote(o.String())
	}
	return "from " + quote(o.String()) + " " + quote(field)
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, " ")
}

// quote leaves words of plain characters as they are and quotes the rest, so
// that no name can look like another line or another field.
func quote(s string) string {
	if s == "" {
		return `""`
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '`' {
			return strconv.Quote(s)
		}
	}
	return s
}
