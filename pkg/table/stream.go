package table

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Stream is where connections go whose content is not looked at. It never changes.
type Stream struct {
	// ID is stable across tables, for metrics and logs.
	ID string
	// Origin and Field say which part of which object wrote it.
	Origin report.Origin
	Field  string
	// Host is the pattern of server names.
	Host string
	// Terminate says that TLS ends here.
	Terminate bool
	// Timeouts bound making a connection (Connect) and silence (TunnelIdle).
	Timeouts ir.Timeouts
	// Limiter bounds how many connections are passed on at once, nil where nothing does; it
	// outlives the table.
	Limiter *queue.Limiter

	choice *choice
	spec   *ir.Stream
}

func (c *compiler) stream(spec *ir.Stream) *Stream {
	s := &Stream{
		ID: spec.ID, Origin: spec.Origin, Field: spec.Field, Host: spec.Host, Terminate: spec.Terminate, Timeouts: spec.Timeouts,
		spec: spec,
	}
	r := Route{}
	err := c.forward(&r, &ir.Forward{Backends: spec.Backends})
	if err == nil && spec.Limits != (ir.Limits{}) {
		var a *Admission
		if a, err = c.admission(spec.Limits); a != nil {
			s.Limiter = a.Limiter
		}
	}
	if err != nil {
		r.choice = newChoice([]share{{failure: &Failure{Status: 500, Word: reasonBackend, Reason: err.Error()}}}, []uint64{1})
		c.facts.Errorf(spec.Origin, spec.Field, report.Invalid, "every connection is closed: %v", err)
	}
	s.choice = r.choice
	return s
}

// Choose returns where the next connection goes, by weight: to a Pool, with what that picks
// an endpoint by, or nowhere, as a Failure says. Of the connection nothing is known
// but the client's address.
func (s *Stream) Choose(client netip.Addr) Outcome {
	n := s.choice.next()
	out := Outcome{Pool: n.pool, Failure: n.failure}
	if n.hash != nil {
		out.Ask = askFor(n.hash, &match.Input{Client: client})
	}
	return out
}

// Has says whether Choose may return a pool.
func (s *Stream) Has(pool *upstream.Pool) bool {
	return slices.ContainsFunc(s.choice.shares, func(one share) bool { return one.pool == pool })
}

// Streams says whether the listener serves anything besides HTTP.
func (l *Listener) Streams() bool { return len(l.streams) > 0 }

// StreamIDs returns the IDs of the listener's streams.
func (l *Listener) StreamIDs() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, s := range l.streams {
			if !yield(s.ID) {
				return
			}
		}
	}
}

// Stream returns what serves a server name, or over TCP and UDP everything; nil
// where HTTP does, or nothing.
func (l *Listener) Stream(serverName []byte) *Stream {
	if s := l.scopeOf(serverName); s != nil {
		return s.stream
	}
	return nil
}

// HTTP says whether the listener serves HTTP, beside streams or alone.
func (l *Listener) HTTP() bool { return l.Protocol == ir.HTTP || l.Protocol == ir.HTTPS }

// ByServerName says whether the name in a client's TLS greeting decides what serves it.
func (l *Listener) ByServerName() bool {
	return l.Protocol == ir.TLS || l.Protocol == ir.HTTPS && l.Streams()
}
