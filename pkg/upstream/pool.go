package upstream

// Pool is the live side of one ir.Upstream.
type Pool struct{}

// Key returns the upstream's key.
func (p *Pool) Key() string { return "" }

// Pick chooses an endpoint for one try and counts it as in flight until
// Endpoint.Done. Endpoints in tried are avoided as long as there is another one
// of the same standing.
func (p *Pool) Pick(tried ...*Endpoint) (*Endpoint, error) { return nil, ErrNoEndpoints }

// Release gives back a reference from Acquire. The pool's idle connections are
// closed with the last one.
func (p *Pool) Release() {}
