package table

import (
	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table/match"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Route is what is done with the requests that it matches. It never changes.
type Route struct {
	// ID is ir.Route.ID: stable across tables, for metrics and logs.
	ID string
	// Index is the route's position in Table.Routes, for what is kept per route of one table.
	Index int
	// Origin and Field say which part of which object wrote the route.
	Origin report.Origin
	Field  string
	// Host is the pattern of the host that the route belongs to.
	Host string
	// Filters is empty where Respond is the answer of a broken route.
	Filters filter.Chain
	// Copies say which requests are sent elsewhere too.
	Copies []Copy
	// Pages replace answers that say that something went wrong; the first that fits does.
	Pages []ErrorPage
	// Respond is the answer of a route without upstreams, nil where Choose decides.
	Respond *ir.Respond
	// Connect says that all it matches are CONNECTs, each of which gets a tunnel.
	Connect bool
	// Timeouts bound the phases; 0 means no bound.
	Timeouts ir.Timeouts
	// Retry says when a request is tried again.
	Retry *ir.Retry
	// MaxBodyBytes bounds the request body; 0 means no bound.
	MaxBodyBytes int64
	// Unlogged leaves its requests out of the access log.
	Unlogged bool
	// BufferRequest says that a request's body is read to its end before an endpoint is asked.
	BufferRequest bool
	// BufferResponse bounds what is kept of a response while its client is slow.
	BufferResponse ir.ResponseBuffer
	// Admission bounds what Choose is called for at once, nil where nothing does.
	Admission *Admission

	choice *choice
	// versions goes before choice, nil where requests name no version.
	versions *versions
	// sticky goes before choice too, among the backends of the version; nil where
	// requests have no sessions.
	sticky *sticky
	// spellsOut says that its own path has parts that make paths ambiguous; see FindSafely.
	spellsOut bool
	spec      *ir.Route
}

// Outcome is what is to be done with one request; either Pool or Failure is nil.
type Outcome struct {
	// Pool is the upstream that serves it.
	Pool *upstream.Pool
	// Ask is what the pool picks an endpoint by.
	Ask upstream.Ask
	// Failure is what it is answered with.
	Failure *Failure
	// Filters act behind those of the route, nil where the backend has none.
	Filters *BackendFilters
	// Version is that of the backend that serves, nil where it has none.
	Version *Version
}

// BackendFilters are the filters of one backend.
type BackendFilters struct {
	filter.Chain
	Copies []Copy
	Pages  []ErrorPage
}

// ErrorPage is a page in place of some answers.
type ErrorPage struct {
	filter.ErrorPage
	// Pool is what is asked for the page, nil where nobody is.
	Pool *upstream.Pool
}

// Copy is where copies of some requests go.
type Copy struct {
	filter.Copy
	Pool *upstream.Pool
}

// Version is a version that a route serves. It never changes.
type Version struct {
	// Name is the version as the backend has it.
	Name string
	// Index is below Route.Versions, for what is kept per version.
	Index int
}

// Failure is the answer for a share of the requests that no upstream serves.
type Failure struct {
	// Status is 500 or 503, or 400 for a version that is not served.
	Status int
	// Word is a word from a small set that says why, for metrics and clients.
	Word string
	// Reason says why, for the log and `explain`.
	Reason string
	// Body is sent as text/plain; where it is empty, Sluice's own short text is.
	Body string
	// JSON is the inside of an object of JSON that is sent in the place of Body to who prefers that; empty where
	// there is none.
	JSON string
}

// Tell is the field of the response that says which version served, "" for none.
func (r *Route) Tell() string {
	if r.versions == nil {
		return ""
	}
	return r.versions.spec.Tell
}

// Versions returns how many versions the route serves, 0 where requests name none.
func (r *Route) Versions() int {
	if r.versions == nil {
		return 0
	}
	return r.versions.count
}

// VersionNames returns the versions that the route serves, some perhaps twice.
func (r *Route) VersionNames() (names []string) {
	if f, ok := r.spec.Action.(*ir.Forward); ok && r.versions != nil {
		for _, b := range f.Backends {
			names = append(names, b.Version)
		}
	}
	return names
}

// Choose returns what becomes of the next request: by the version that it names,
// and by weight. It must not be called where Respond is set. It does not block,
// and allocates only where the version is an encoded query parameter; of as many
// requests for one version as the weights add up to (in lowest terms) each backend gets
// exactly its share. A request of a session goes to the backend of its endpoint.
func (r *Route) Choose(in *match.Input) Outcome {
	c := r.choice
	if r.versions != nil {
		c = r.versions.of(in)
	}
	if r.sticky != nil {
		if s, id := r.sticky.bound(in, c); s != nil {
			// Where the endpoint fails, the strategy decides.
			ask := s.ask(in)
			ask.Session = id
			return Outcome{Pool: s.pool, Ask: ask, Failure: s.failure, Filters: s.filters, Version: s.version}
		}
	}
	s := c.next()
	return Outcome{Pool: s.pool, Ask: s.ask(in), Failure: s.failure, Filters: s.filters, Version: s.version}
}
