//go:build !linux

package l4

// Splice is for systems that cannot: there is none.
type Splice struct{}

// NewSplice returns nil.
func NewSplice(_, _ any) *Splice { return nil }

// Take is never called.
func (*Splice) Take() (int, error) { return 0, nil }

// Give is never called.
func (*Splice) Give() (int, error) { return 0, nil }

// Release is never called.
func (*Splice) Release() {}
