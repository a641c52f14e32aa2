package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// scope is the part of a listener that a host pattern stands for: it has routes,
// or over TLS a stream.
type scope struct {
	routeSet string
	routes   *match.Matcher[*Route]
	stream   *Stream
}

// scopes makes the index of a listener's scopes and streams, nil where it has none, and
// the streams.
func (c *compiler) scopes(spec *ir.Listener) (*match.Matcher[*scope], []*Stream) {
	var hosts []match.Host[*scope]
	var streams []*Stream
	add := func(pattern string, s *scope) {
		hosts = append(hosts, match.Host[*scope]{Pattern: pattern, Routes: []match.Route[*scope]{{Path: match.Path{Value: "/"}, Payload: s}}})
	}
	for i := range spec.Streams {
		s := c.stream(&spec.Streams[i])
		streams = append(streams, s)
		add(s.Host, &scope{stream: s})
	}
	// Scopes of one set are one, so that a connection for a host of the one may be used for the other.
	bySet := make(map[string]*scope)
	for _, s := range spec.Scopes {
		one := bySet[s.RouteSet]
		if one == nil {
			one = &scope{routeSet: s.RouteSet, routes: c.sets[s.RouteSet]}
			if one.routes == nil {
				one.routes = nothing()
			}
			bySet[s.RouteSet] = one
		}
		add(s.Host, one)
	}
	if len(hosts) == 0 {
		return nil, nil
	}
	index, faults := match.New(hosts)
	for _, f := range faults {
		c.facts.Errorf(spec.Origin, "", report.Internal, "the host %q of a listener cannot be matched: %v", hosts[f.Host].Pattern, f.Err)
	}
	return index, streams
}

// nothing matches nothing.
func nothing() *match.Matcher[*Route] {
	m, _ := match.New[*Route](nil)
	return m
}

// scopeOf returns the scope that a host is in, nil for none or where the
// listener is not divided.
func (l *Listener) scopeOf(host []byte) *scope {
	if l.scopes == nil {
		return nil
	}
	s, _ := l.scopes.Host(host)
	return s
}

// routesOf returns the routes for a host.
func (l *Listener) routesOf(host []byte) (routes *match.Matcher[*Route], routeSet string) {
	if l.scopes == nil || l.RouteSet != "" {
		return l.routes, l.RouteSet
	}
	if s := l.scopeOf(host); s != nil && s.routes != nil {
		return s.routes, s.routeSet
	}
	return l.routes, ""
}

// Crosses says that a server name and a host are in different scopes, and not served by one
// set of routes, so that a connection made for the one must not be used for the other
// (RFC 9110 section 15.5.20).
func (l *Listener) Crosses(serverName, host []byte) bool {
	return l.scopes != nil && l.scopeOf(serverName) != l.scopeOf(host)
}
