package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
)

// ExplainedStream is where connections for a host are passed on to.
type ExplainedStream struct {
	ID     string        `json:"id"`
	Origin report.Origin `json:"origin"`
	Field  string        `json:"field,omitempty"`
	// Host is the pattern of server names, empty for all.
	Host string `json:"host"`
	// Terminate says that TLS ends here before.
	Terminate bool `json:"terminate,omitempty"`
	// MaxActive is how many connections may be passed on at once, 0 for no bound, and Active
	// how many are.
	MaxActive int `json:"maxActive,omitempty"`
	Active    int `json:"active,omitempty"`
}

// ExplainStreams returns what the listener passes on.
func (l *Listener) ExplainStreams() []ExplainedStream {
	list := make([]ExplainedStream, 0, len(l.streams))
	for _, s := range l.streams {
		list = append(list, s.explain())
	}
	return list
}

func (s *Stream) explain() ExplainedStream {
	e := ExplainedStream{ID: s.ID, Origin: s.Origin, Field: s.Field, Host: s.Host, Terminate: s.Terminate}
	if s.Limiter != nil {
		_, here := s.Limiter.Limits()
		e.MaxActive, e.Active = here.MaxActive, s.Limiter.Stats().Active
	}
	return e
}

// explainStream says where a connection for a host goes that is not looked into.
func (l *Listener) explainStream(s *Stream, in *match.Input) Explanation {
	passed := s.explain()
	e := Explanation{Listener: l.Name, Protocol: l.Protocol.String(), Stream: &passed}
	l.explainBackends(&Route{choice: s.choice, spec: &ir.Route{Action: &ir.Forward{Backends: s.spec.Backends}}}, in, &e)
	return e
}
