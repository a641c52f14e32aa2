package h1

import "github.com/sluice-dev/sluice/pkg/wire"

// underscores says which field names with "_" are kept.
type underscores uint8

const (
	noUnderscores underscores = iota
	// someUnderscores: those that pass for nothing else.
	someUnderscores
	// allUnderscores: in responses they forge nothing.
	allUnderscores
)

func (u underscores) keeps(name []byte) bool {
	return u == allUnderscores || u == someUnderscores && !wire.Disguised(name)
}

// underscores returns what is kept of the peer's names.
func (c *Conn) underscores() underscores {
	switch {
	case c.client:
		return allUnderscores
	case c.lim.KeepUnderscores:
		return someUnderscores
	}
	return noUnderscores
}
