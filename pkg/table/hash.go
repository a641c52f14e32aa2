package table

import (
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// ask returns what the strategy of the share's upstream wants to know of a request.
func (s *share) ask(in *match.Input) upstream.Ask {
	ask := askFor(s.hash, in)
	if s.costs {
		ask.Request = asked{in}
	}
	return ask
}

// asked is a request as balance.Asker.
type asked struct{ in *match.Input }

func (a asked) Method() string { return string(a.in.Method) }
func (a asked) Host() string   { return string(a.in.Host) }
func (a asked) Path() string   { return string(a.in.Path) }

func (a asked) Client() string {
	if !a.in.Client.IsValid() {
		return ""
	}
	return a.in.Client.Unmap().String()
}

func (a asked) Header(name string) string {
	value, _ := a.in.HeaderValue(name)
	return string(value)
}

// askFor returns what an upstream's strategy wants to know of a request; by is nil
// for one that does not hash. A part that is there but empty counts as missing.
func askFor(by *ir.HashBy, in *match.Input) upstream.Ask {
	if by == nil {
		return upstream.Ask{}
	}
	var part []byte
	switch by.Source {
	case ir.HashAddress:
		if !in.Client.IsValid() {
			return upstream.Ask{}
		}
		address := in.Client.Unmap().As16()
		return upstream.Ask{Hash: balance.HashOf(address[:]), Hashed: true}
	case ir.HashHeader:
		part, _ = in.HeaderValue(by.Name)
	case ir.HashCookie:
		part, _ = in.Cookie(by.Name)
	case ir.HashQuery:
		part, _ = in.QueryValue(by.Name)
	case ir.HashPath:
		part = in.Path
	case ir.HashNone:
	}
	return upstream.Ask{Hash: balance.HashOf(part), Hashed: len(part) > 0}
}
