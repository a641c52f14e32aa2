package match

// Matcher is an immutable index of hosts and routes.
type Matcher[T any] struct {
	hosts []Host[T]
}

// New indexes the hosts. It is total: what it cannot make never matches and
// is returned as a Fault; all the rest works. Where a pattern occurs twice, the
// routes of the second stand behind those of the first.
func New[T any](hosts []Host[T]) (*Matcher[T], []Fault) {
	return &Matcher[T]{hosts: hosts}, nil
}

// Find returns the payload of the route that serves the request, and false
// where there is none. It does not allocate, except for a regular expression
// over a value that must be decoded or joined first.
func (m *Matcher[T]) Find(in *Input) (T, bool) {
	var none T
	return none, false
}

// Explain returns what Find returns and why, with at most limit routes a host.
func (m *Matcher[T]) Explain(in *Input, limit int) Explanation[T] {
	return Explanation[T]{}
}
