package metrics

import (
	"sync/atomic"
	"time"
)

// durationBounds are the upper bounds of the histogram of durations, in seconds.
var durationBounds = [...]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// boundNanos are durationBounds in nanoseconds.
var boundNanos = func() (n [len(durationBounds)]int64) {
	for i, b := range durationBounds {
		n[i] = int64(b * float64(time.Second))
	}
	return n
}()

// classes name the classes of statuses; the first is for requests that got no
// response, because the client had gone.
var classes = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// Route counts the requests of one route, or of one version that it serves.
type Route struct {
	id     string
	origin Origin
	// version is empty for the route as a whole.
	version string
	// copies are made when the first request comes to them: most of ten thousand
	// routes never see one.
	copies [maxStripes]atomic.Pointer[routeCounts]
}

func newRoute(id string, o Origin) *Route {
	return &Route{id: valid(id), origin: Origin{valid(o.Kind), valid(o.Namespace), valid(o.Name)}}
}

// labels returns the values of routeLabels.
func (r *Route) labels() []string {
	return []string{r.id, r.origin.Kind, r.origin.Namespace, r.origin.Name}
}

// routeCounts is one copy of a route's counters. It fills whole cache lines, so
// that two copies never share one.
type routeCounts struct {
	// inFlight is negative in a copy on which more requests end than begin.
	inFlight  atomic.Int64
	retries   atomic.Uint64
	bytesIn   atomic.Int64
	bytesOut  atomic.Int64
	nanos     atomic.Int64
	classes   [len(classes)]atomic.Uint64
	durations [len(durationBounds) + 1]atomic.Uint64
	_         [5]uint64
}

// counts returns the copy that this processor should use.
func (r *Route) counts() *routeCounts {
	at := &r.copies[stripe()]
	c := at.Load()
	if c == nil {
		c = new(routeCounts)
		if !at.CompareAndSwap(nil, c) {
			c = at.Load()
		}
	}
	return c
}

// Begin counts a request as in flight until Observe.
func (r *Route) Begin() { r.counts().inFlight.Add(1) }

// Observe counts a finished request: the status sent (0 where the client got
// none), the duration from its first byte to the last of the response, and the
// bytes of both bodies. Each Observe has a Begin before it.
func (r *Route) Observe(status int, took time.Duration, in, out int64) {
	c := r.counts()
	c.inFlight.Add(-1)
	class := status / 100
	if class < 0 || class >= len(classes) {
		class = 0
	}
	c.classes[class].Add(1)
	c.durations[bucket(took)].Add(1)
	c.nanos.Add(int64(max(took, 0)))
	if in > 0 {
		c.bytesIn.Add(in)
	}
	if out > 0 {
		c.bytesOut.Add(out)
	}
}

// Retried counts a try beyond the first.
func (r *Route) Retried() { r.counts().retries.Add(1) }

// bucket returns the index of the first bound that is not below d. The scan
// beats a binary search: most requests end in the first few.
func bucket(d time.Duration) int {
	for i, bound := range boundNanos {
		if int64(d) <= bound {
			return i
		}
	}
	return len(boundNanos)
}

// routeTotals is the sum of a route's copies at one moment.
type routeTotals struct {
	inFlight, bytesIn, bytesOut, nanos int64
	retries, requests                  uint64
	classes                            [len(classes)]uint64
	durations                          [len(durationBounds) + 1]uint64
}

// totals sums up; used says whether the route has seen a request at all.
func (r *Route) totals() (t routeTotals, used bool) {
	for i := range r.copies {
		c := r.copies[i].Load()
		if c == nil {
			continue
		}
		used = true
		t.inFlight += c.inFlight.Load()
		t.retries += c.retries.Load()
		t.bytesIn += c.bytesIn.Load()
		t.bytesOut += c.bytesOut.Load()
		t.nanos += c.nanos.Load()
		for j := range c.classes {
			t.classes[j] += c.classes[j].Load()
		}
		for j := range c.durations {
			n := c.durations[j].Load()
			t.durations[j] += n
			t.requests += n
		}
	}
	return t, used
}
