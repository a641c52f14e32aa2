package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/table"
)

// printAnswer writes an explanation for a person: the decision first, one step
// a line, then what did not match and why.
func printAnswer(out io.Writer, q admin.Question, a *admin.Answer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("request", "%s %s", q.Method, q.URL)
	row("listener", "%s (%s)", a.Listener, a.Protocol)
	if a.Certificate != nil {
		for _, c := range a.Certificate.Candidates {
			row("certificate", "%s", describeCertificate(string(a.Certificate.Rule), c.Name, c.Algorithm, c.Names, c.Expired, c.Stapled))
		}
	}
	if a.TLS != nil {
		row("tls", "%s", describeTLS(a))
	}
	if a.Stream != nil {
		printStream(row, a)
		return w.Flush()
	}
	row("matched as", "host %q, path %s", a.Host, a.Path)
	switch {
	case a.Route == nil && a.Answer == nil:
		row("route", "none: 404")
	case a.Route == nil:
		row("route", "none")
	default:
		row("host", "%s", describeHost(a.Route.Host))
		row("route", "%s", a.Route.ID)
		row("from", "%s %s", a.Route.Origin, a.Route.Field)
		row("match", "%s", a.Route.Match)
	}
	for _, f := range a.Filters {
		row("filter", "%s", f)
	}
	for _, s := range a.Policies {
		row("policy", "%s from %s %s", s.Setting, s.Origin, s.Field)
	}
	if a.Answer != nil {
		row("answer", "%d: %s", a.Answer.Status, a.Answer.Reason)
	}
	if a.AnsweredBy != "" {
		row("answer", "%s", a.AnswersHow())
	} else {
		if v := a.Version; v != nil {
			row("version", "%s", describeVersion(v))
		}
		if a.Limits != nil {
			printLimits(row, a.Limits)
		}
		if a.Session != "" {
			row("session", "%s", a.Session)
		}
		for _, b := range a.Backends {
			printBackend(row, a, b)
		}
	}
	for _, h := range a.Hosts {
		for _, r := range h.Routes {
			if r.Verdict != "chosen" {
				row("not", "%s %s (%s): %s", describeHost(r.Host), r.Match, r.Origin, describeVerdict(r))
			}
		}
		if h.Omitted > 0 {
			row("not", "%s: %d further routes, all less alike", describeHost(h.Pattern), h.Omitted)
		}
	}
	if s := a.OverTLS; s != nil {
		row("not", "host %s: %s passes it on over TLS, so that there is nothing for it in clear text", describeHost(s.Host), s.Origin)
	}
	for _, pattern := range a.NearHosts {
		row("not", "host %s: does not match %q", describeHost(pattern), a.Host)
	}
	return w.Flush()
}

// describeVersion says what the request asks for and what it gets.
func describeVersion(v *table.ExplainedVersion) string {
	asked := "the request names none in " + strings.TrimSpace(v.Source+" "+v.Name)
	if v.Asked != "" {
		asked = fmt.Sprintf("%q in %s", v.Asked, strings.TrimSpace(v.Source+" "+v.Name))
	}
	if v.Answer != nil {
		return fmt.Sprintf("%s: %d: %s", asked, v.Answer.Status, v.Answer.Reason)
	}
	return asked + ": served by " + strings.Join(v.Served, ", ")
}

func printBackend(row func(string, string, ...any), a *admin.Answer, b table.ExplainedBackend) {
	name, what, closed := b.Upstream, "requests", "503"
	if a.Stream != nil {
		what, closed = "connections", "the connection is closed"
	}
	if b.Version != "" {
		name += " (version " + b.Version + ")"
	}
	if b.Excluded != "" {
		row("not", "upstream %s: %s", name, b.Excluded)
		return
	}
	if b.Answer != nil {
		row("upstream", "none, for %d of %d requests: %d: %s", b.Weight, b.Total, b.Answer.Status, b.Answer.Reason)
		return
	}
	row("upstream", "%s, %d of %d %s", name, b.Weight, b.Total, what)
	for _, f := range b.Filters {
		row("filter", "%s, for that upstream alone", f)
	}
	if b.Balance != "" && b.Balance != "RoundRobin" {
		row("balance", "%s", b.Balance+": "+strings.TrimSpace(b.Endpoint+" "+b.Choice))
	}
	if b.Circuit != "" {
		row("circuit", "%s", b.Circuit)
	}
	for _, pool := range a.Pools {
		if pool.Key != b.Upstream {
			continue
		}
		if len(pool.Endpoints) == 0 {
			row("endpoint", "none: %s", closed)
		}
		if pool.Panic {
			row("panic", "too few endpoints are in service, so that all of them serve")
		}
		for _, e := range pool.Endpoints {
			row("endpoint", "%s", strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Address, e.State, e.Target)))
			if e.Out != "" {
				row("not", "endpoint %s: %s", e.Address, e.Out)
			}
			if e.Ejected != "" {
				row("ejected", "%s %s", e.Address, e.Ejected)
			}
			if e.Unhealthy != "" {
				row("unhealthy", "%s by its probes: %s", e.Address, e.Unhealthy)
			}
		}
	}
}

func describeHost(pattern string) string {
	if pattern == "" {
		return "any host"
	}
	return pattern
}

func describeVerdict(r table.ExplainedRoute) string {
	if r.Reason == "" {
		return r.Verdict
	}
	return r.Verdict + ": " + r.Reason
}

func describeCertificate(rule, name, algorithm string, names []string, expired, stapled bool) string {
	if name == "" {
		return "the self-signed one of this process: no other covers the name"
	}
	text := fmt.Sprintf("%s (%s, %s match, for %s)", name, algorithm, rule, strings.Join(names, ", "))
	if expired {
		text += ", expired"
	}
	if stapled {
		text += ", with a response of OCSP"
	}
	return text
}

// describeTLS says what a handshake is held to, and who asks for it.
func describeTLS(a *admin.Answer) string {
	h := a.TLS
	text := "versions " + h.MinVersion + " to " + h.MaxVersion
	if len(h.CipherSuites) > 0 && h.MinVersion != "1.3" {
		text += "; suites of 1.2: " + strings.Join(h.CipherSuites, ", ")
	}
	if len(h.Curves) > 0 {
		text += "; curves: " + strings.Join(h.Curves, ", ")
	}
	text += "; certificates of clients: " + h.Client
	if h.Origin.Kind == "" {
		return text + "; as this process has it"
	}
	return text + fmt.Sprintf("; from %s %s for %s", h.Origin, h.Field, describeHost(h.Host))
}
