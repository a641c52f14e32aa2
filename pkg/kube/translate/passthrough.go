package translate

import (
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// claim is the object that decides what becomes of the TLS of a host.
type claim struct {
	*resolve.Fragment
	// passes says that it is passed on, not ended here.
	passes bool
}

// mergeStreams returns the streams that are served. The fragments are in the order of byAge: what
// becomes of the TLS of a host is decided by the first that has anything for it. Streams
// of others are left out; their routes serve the host in clear text alone.
func mergeStreams(fragments []resolve.Fragment, facts *report.Set) []ir.Stream {
	passes := func(f resolve.Fragment) bool { return len(f.Streams) > 0 }
	if !slices.ContainsFunc(fragments, passes) {
		return nil
	}
	var all []ir.Stream
	claims := make(map[string]claim)
	for i := range fragments {
		f := &fragments[i]
		for j := range f.Streams {
			s := &f.Streams[j]
			if winner, taken := claims[s.Host]; taken {
				ends := "ends its TLS here"
				if winner.passes {
					ends = "passes it on"
				}
				facts.Errorf(s.Origin, s.Field, report.Conflict, "the host %s is not passed on, as %s %s", writtenHost(s.Host), winner.before(f), ends)
				continue
			}
			claims[s.Host] = claim{f, true}
			all = append(all, *s)
		}
		told := make(map[string]bool)
		for j := range f.Routes {
			r := &f.Routes[j]
			winner, taken := claims[r.Host]
			switch {
			case !taken:
				claims[r.Host] = claim{Fragment: f}
			case winner.passes && winner.Fragment != f && !told[r.Host]:
				told[r.Host] = true
				facts.Errorf(r.Origin, r.Field, report.Conflict, "the host %s is served over HTTP alone, as %s passes its TLS on", writtenHost(r.Host), winner.before(f))
			}
		}
	}
	return all
}

// before names the object, with why it goes before another one.
func (c claim) before(loser *resolve.Fragment) string {
	if c.Created.Equal(loser.Created) {
		return c.Origin.String() + ", which is as old and comes first by name,"
	}
	return c.Origin.String() + ", which is older,"
}

func writtenHost(pattern string) string {
	if pattern == "" {
		return `"*"`
	}
	return `"` + pattern + `"`
}

// streamsOfAlternatives adds for each stream those of the alternative domains. A host that an
// object names itself wins.
func streamsOfAlternatives(all []ir.Stream, hosts map[string][]*resolve.Route, domains []resolve.AlternativeDomain) []ir.Stream {
	own := all
	for _, domain := range domains {
		for _, s := range own {
			other, ok := domain.Of(s.Host)
			if !ok || len(hosts[other]) > 0 || slices.ContainsFunc(all, func(o ir.Stream) bool { return o.Host == other }) {
				continue
			}
			s.ID = strings.TrimSuffix(s.ID, "/"+s.Host) + "/" + other
			s.Host = other
			all = append(all, s)
		}
	}
	return all
}

// pass adds streams to the process's own listener for HTTPS. From then each host that has
// routes is a scope of that, so that the most specific of all decides, whatever becomes of its
// TLS. What belongs to a Gateway that shares the listener stays with it.
func (b *builder) pass(streams []ir.Stream) {
	if len(streams) == 0 {
		return
	}
	l := &b.config.Listeners[1]
	if l.RouteSet != "" {
		l.Scopes, l.RouteSet = []ir.Scope{{RouteSet: l.RouteSet}}, ""
	}
	gateways := make(map[string]bool)
	for _, s := range l.Scopes {
		if s.Host != "" {
			gateways[s.Host] = true
		}
	}
	for i := range l.Streams {
		gateways[l.Streams[i].Host] = true
	}
	ofGateway := func(host string) bool {
		for wide := range gateways {
			if wide == host || strings.HasPrefix(wide, "**.") && strings.HasSuffix(host, wide[2:]) {
				return true
			}
		}
		return false
	}
	ours := make(map[string]bool)
	for i := range streams {
		s := &streams[i]
		if ofGateway(s.Host) {
			b.Facts.Errorf(s.Origin, s.Field, report.PortUnavailable, "a Gateway that shares the port of --https-addr has the host %s, so that it is not passed on", writtenHost(s.Host))
			continue
		}
		ours[s.Host] = true
		l.Streams = append(l.Streams, *s)
	}
	if ours[""] {
		l.Scopes = slices.DeleteFunc(l.Scopes, func(s ir.Scope) bool { return s.Host == "" })
	}
	for _, host := range b.config.RouteSets[0].Hosts {
		if host.Pattern != "" && !ours[host.Pattern] && !ofGateway(host.Pattern) {
			l.Scopes = append(l.Scopes, ir.Scope{Host: host.Pattern, RouteSet: routeSet})
		}
	}
}
