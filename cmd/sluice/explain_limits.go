package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/sluice-dev/sluice/pkg/table"
)

// printLimits says what bounds the requests of a route, who waits how, and how many there are.
func printLimits(row func(string, string, ...any), l *table.ExplainedLimits) {
	text := describeBounds(l.Asked)
	if l.Here != nil {
		text += " at all replicas together, " + describeBounds(*l.Here) + " here"
	}
	if l.From != nil {
		text += fmt.Sprintf(", from %s %s", l.From.Origin, l.From.Field)
	}
	row("limits", "%s; %d active", text, l.Active)
	if l.Shared {
		row("scope", "Cluster: each of the ready replicas that --pods-service counts has its part; without that flag each has all of it")
	}
	q := l.Queue
	if q == nil {
		row("queue", "none: further requests are answered 503")
		return
	}
	length := fmt.Sprint(l.Asked.QueueLength)
	if l.Here != nil {
		length += fmt.Sprintf(" at all replicas together, %d here", l.Here.QueueLength)
	}
	row("queue", "%s for %s at most, %s; %d waiting", length, q.Timeout, q.Order, l.Waiting)
	if q.FairBy != "" {
		row("fair by", "%s", q.FairBy)
	}
	if q.PriorityBy != "" {
		row("priority", "by %s: %s, then all others", q.PriorityBy, strings.Join(q.Classes, ", "))
	}
}

func describeBounds(b table.ExplainedBounds) string {
	var parts []string
	if b.MaxActive > 0 {
		parts = append(parts, fmt.Sprintf("%d at once", b.MaxActive))
	}
	if b.PerEndpoint > 0 {
		parts = append(parts, fmt.Sprintf("%d at each endpoint", b.PerEndpoint))
	}
	return strings.Join(parts, " and ")
}

// printAllLimits lists the routes whose requests are bounded, and what by, and the streams whose
// connections are.
func printAllLimits(out io.Writer, t *table.Table) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	for _, r := range t.Routes() {
		limits, rates := r.ExplainLimits(), r.RateLimits()
		if limits == nil && len(rates) == 0 {
			continue
		}
		row("route", "%s", r.ID)
		for _, rate := range rates {
			row("filter", "%s", rate)
		}
		if limits != nil {
			printLimits(row, limits)
		}
	}
	for _, l := range t.Listeners() {
		for _, s := range l.ExplainStreams() {
			if s.MaxActive > 0 {
				row("stream", "%s", s.ID)
				printStreamLimits(row, &s)
			}
		}
	}
	return w.Flush()
}
