package main

import (
	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/table"
)

// printStream says where a connection goes that is passed on by the name that the client asks for.
func printStream(row func(string, string, ...any), a *admin.Answer) {
	s := a.Stream
	row("matched as", "server name %q, whatever the request", a.Host)
	row("host", "%s", describeHost(s.Host))
	if s.Terminate {
		row("passed on", "what is in the connection; its TLS ends here")
	} else {
		row("passed on", "the connection as it is: its TLS ends at the back end, which has the certificate")
	}
	row("stream", "%s", s.ID)
	row("from", "%s %s", s.Origin, s.Field)
	printStreamLimits(row, s)
	for _, b := range a.Backends {
		if b.Answer != nil && b.Total == 0 {
			row("upstream", "none, the connection is closed: %s", b.Answer.Reason)
			continue
		}
		if b.Answer != nil && b.Excluded == "" {
			row("upstream", "none, for %d of %d connections, which are closed: %s", b.Weight, b.Total, b.Answer.Reason)
			continue
		}
		printBackend(row, a, b)
	}
	if len(a.Backends) == 0 {
		row("upstream", "none: the connection is closed")
	}
}

// printStreamLimits says what bounds the connections that are passed on, where something does.
func printStreamLimits(row func(string, string, ...any), s *table.ExplainedStream) {
	if s.MaxActive > 0 {
		row("limits", "%d connections at once, further ones are closed; %d active", s.MaxActive, s.Active)
	}
}
