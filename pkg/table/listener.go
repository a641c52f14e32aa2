package table

import (
	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// Listener is one socket with the routes that it serves. It never changes.
type Listener struct {
	// Name is ir.Listener.Name.
	Name string
	// Origin is the Gateway or ListenerSet, zero for the process's own listeners.
	Origin report.Origin
	// Port is the TCP port that was asked for; 0 where a flag says it.
	Port uint16
	// PublicPort is the port that clients ask on, 0 where it is not known.
	PublicPort uint16
	Protocol   ir.Protocol
	// RouteSet names the set of routes, which other listeners may serve too; empty
	// where hosts have sets of their own.
	RouteSet string
	// TLS chooses the certificate; nil in clear text.
	TLS *certs.Listener

	routes *match.Matcher[*Route]
	// scopes divide it by host, nil where they do not.
	scopes *match.Matcher[*scope]
	// streams are those among them.
	streams []*Stream
	// upstreams are those of the Config, for Explain.
	upstreams map[string]*ir.Upstream
}

// Find returns the route that serves the request, nil where there is none. It
// allocates no more than match.Matcher.Find.
func (l *Listener) Find(in *match.Input) *Route {
	routes := l.routes
	if l.scopes != nil {
		routes, _ = l.routesOf(in.Host)
	}
	r, _ := routes.Find(in)
	return r
}
