package admin

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Question is a request to be explained.
type Question struct {
	URL    *url.URL
	Method string
	Header Fields
	// Listener names the listener that the request comes in at. Empty chooses the process's
	// own for the scheme, or where that has no route for the request, the first of a
	// Gateway with the port of the URL that has one.
	Listener string
}

// Fields are header lines, and what match.Header asks for.
type Fields []Field

// Field is one header line.
type Field struct{ Name, Value string }

// Line implements match.Header.
func (f Fields) Line(name string, from int) (value []byte, next int, ok bool) {
	for i := from; i < len(f); i++ {
		if strings.EqualFold(f[i].Name, name) {
			return []byte(f[i].Value), i + 1, true
		}
	}
	return nil, len(f), false
}

// ParseQuestion reads a URL (http or https, with a host), a method (GET where
// it is empty) and header lines ("Name: value"). A CONNECT may have HOST:PORT for a URL, which stands for one in clear text.
func ParseQuestion(rawURL, method string, header []string) (Question, error) {
	if method == "CONNECT" && !strings.Contains(rawURL, "/") {
		rawURL = "http://" + rawURL // The target of a CONNECT is a host and a port (RFC 9112 section 3.2.3).
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return Question{}, fmt.Errorf("the URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return Question{}, fmt.Errorf("%q is not a URL such as http://shop.example.com/path", rawURL)
	}
	q := Question{URL: u, Method: method}
	if q.Method == "" {
		q.Method = "GET"
	}
	for _, line := range header {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return Question{}, fmt.Errorf("%q is not a header such as \"Name: value\"", line)
		}
		q.Header = append(q.Header, Field{name, strings.TrimSpace(value)})
	}
	return q, nil
}

// Answer is why a request goes where it does.
type Answer struct {
	table.Explanation
	// Host and Path are what is matched: the normal form of what was asked for.
	Host string `json:"host"`
	Path string `json:"path"`
	// AnsweredBy is the filter that answers, so that no upstream is asked; empty
	// where none does.
	AnsweredBy string `json:"answeredBy,omitempty"`
	// Certificate is what a TLS client would be shown, nil in clear text, and where the connection is
	// passed on: then the back end has it.
	Certificate *certs.Choice `json:"certificate,omitempty"`
	// TLS is what a TLS client would be held to, nil as Certificate is.
	TLS *certs.HeldTo `json:"tls,omitempty"`
	// OverTLS is where connections over TLS for the host are passed on to, where nothing serves it
	// in clear text.
	OverTLS *table.ExplainedStream `json:"overTLS,omitempty"`
	// Pools are the live upstreams of the route.
	Pools []upstream.PoolDump `json:"pools,omitempty"`
}

// listenerOf returns the listener that a request comes in at.
func listenerOf(t *table.Table, q Question, in *match.Input) (*table.Listener, error) {
	name, protocol, port := ir.ListenerHTTP, ir.HTTP, "80"
	if q.URL.Scheme == "https" {
		name, protocol, port = ir.ListenerHTTPS, ir.HTTPS, "443"
	}
	if q.URL.Port() != "" {
		port = q.URL.Port()
	}
	if q.Listener != "" {
		name = q.Listener
	}
	own := t.Listener(name)
	if own == nil {
		return nil, fmt.Errorf("there is no listener %q", name)
	}
	serves := func(l *table.Listener) bool {
		return l.Find(in) != nil || l.ByServerName() && l.Stream(in.Host) != nil
	}
	if q.Listener != "" || serves(own) {
		return own, nil
	}
	for _, l := range t.Listeners() {
		if (l.Protocol == protocol || l.Protocol == ir.TLS && protocol == ir.HTTPS) && strconv.Itoa(int(l.PublicPort)) == port && serves(l) {
			return l, nil
		}
	}
	return own, nil
}

// overTLS returns where a neighbour of a listener in clear text passes connections on to, nil for nowhere.
func overTLS(t *table.Table, of *table.Listener, in *match.Input) *table.ExplainedStream {
	for _, l := range t.Listeners() {
		if l.Origin == of.Origin && l.ByServerName() {
			if e := l.Explain(in); e.Stream != nil {
				return e.Stream
			}
		}
	}
	return nil
}

// How ir.FilterString begins for a redirect to HTTPS, which answers requests that
// come in clear text, and for filters that answer all requests.
const (
	redirectHTTPS = "redirect-https "
	redirect      = "redirect "
	respond       = "direct-response "
	drop          = "drop"
)

// answersAll says whether a filter, as ir.FilterString writes it, leaves nothing for upstreams.
func answersAll(f string) bool {
	return strings.HasPrefix(f, redirect) || strings.HasPrefix(f, respond) || f == drop
}

// AnswersHow says what the filter does that answers, for a person.
func (a *Answer) AnswersHow() string {
	switch {
	case a.AnsweredBy == drop:
		return "the filter closes the connection, and no upstream is asked"
	case strings.HasPrefix(a.AnsweredBy, respond):
		return "the filter answers, and no upstream is asked"
	}
	return "the filter redirects, and no upstream is asked"
}

// Explain answers a question from a table and the live upstreams. The error
// says that the question itself would be refused (400).
func Explain(t *table.Table, upstreams *upstream.Registry, q Question) (*Answer, error) {
	host, err := match.NormalizeHost([]byte(q.URL.Host), nil)
	if err != nil {
		return nil, fmt.Errorf("the host: %w", err)
	}
	raw := q.URL.EscapedPath()
	if raw == "" {
		raw = "/"
	}
	path, err := match.NormalizePath([]byte(raw), nil)
	if err != nil {
		return nil, fmt.Errorf("the path: %w", err)
	}
	in := &match.Input{Host: host, Path: path, Method: []byte(q.Method), Query: []byte(q.URL.RawQuery), Header: q.Header}
	listener, err := listenerOf(t, q, in)
	if err != nil {
		return nil, err
	}
	answer := &Answer{Explanation: listener.Explain(in), Host: string(host)}
	answer.Path = string(in.Path)
	if listener.TLS == nil && answer.Route == nil && answer.Stream == nil {
		answer.OverTLS = overTLS(t, listener, in)
	}
	if s := answer.Stream; listener.TLS != nil && (s == nil || s.Terminate) {
		choice := listener.TLS.Explain(string(host))
		answer.Certificate = &choice
		held := listener.TLS.ExplainPolicy(string(host))
		answer.TLS = &held
	}
	for _, f := range answer.Filters {
		if listener.TLS == nil && strings.HasPrefix(f, redirectHTTPS) || answersAll(f) {
			answer.AnsweredBy, answer.Answer = f, nil
			return answer, nil
		}
	}
	wanted := make(map[string]bool)
	for _, b := range answer.Backends {
		wanted[b.Upstream] = b.Upstream != ""
	}
	for _, pool := range upstreams.Dump() {
		if wanted[pool.Key] {
			answer.Pools = append(answer.Pools, pool)
		}
	}
	return answer, nil
}
