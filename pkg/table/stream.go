package table

import (
	"iter"
	"slices"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
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

	choice *choice
}

func (c *compiler) stream(spec *ir.Stream) *Stream {
	s := &Stream{
		ID: spec.ID, Origin: spec.Origin, Field: spec.Field, Host: spec.Host, Terminate: spec.Terminate, Timeouts: spec.Timeouts,
	}
	r := Route{}
	if err := c.forward(&r, &ir.Forward{Backends: spec.Backends}); err != nil {
		r.choice = newChoice([]share{{failure: &Failure{Status: 500, Word: reasonBackend, Reason: err.Error()}}}, []uint64{1})
		c.facts.Errorf(spec.Origin, spec.Field, report.Invalid, "every connection is closed: %v", err)
	}
	s.choice = r.choice
	return s
}

// Choose returns where the next connection goes, by weight: to a Pool, or
// nowhere, as a Failure says.
func (s *Stream) Choose() Outcome {
	n := s.choice.next()
	return Outcome{Pool: n.pool, Failure: n.failure}
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
