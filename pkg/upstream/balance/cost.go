package balance

import "time"

// Subject is what is known of an endpoint, for a Cost.
type Subject struct {
	// Active is how many requests are under way.
	Active int64
	// Latency is the moving average of the response times, 0 as long as there was none.
	Latency time.Duration
	// Weight is at least 1.
	Weight int
	// Age is how long it has been ready.
	Age time.Duration
	// Failures counts connections that could not be made.
	Failures uint64
	Address  string
	Zone     string
	Node     string
	// ProxyZone is the zone of this process.
	ProxyZone string
}

// Asker is what is known of a request, for a Cost. It is called only while Cost.Of runs.
type Asker interface {
	Method() string
	Host() string
	Path() string
	// Client is the client's address, empty where it is not known.
	Client() string
	// Header returns the first line of a field, whose name is in lower case; "" for none.
	Header(name string) string
}

// Cost says what it would cost to send a request to an endpoint.
type Cost interface {
	// Of returns a number that is not NaN. The request may be nil.
	Of(endpoint *Subject, request Asker) (float64, error)
}

// Cheapest takes the member with the lowest cost, of equal ones the first from a number on. It
// looks at all but those in skip. An error of one ends it, and then the number means nothing.
func Cheapest(members, skip []*Member, first int, cost func(at int) (float64, error)) (int, error) {
	best, least := -1, 0.0
	for i := range members {
		at := (first + i) % len(members)
		if skips(skip, members[at]) {
			continue
		}
		c, err := cost(at)
		if err != nil {
			return 0, err
		}
		if best < 0 || c < least {
			best, least = at, c
		}
	}
	if best < 0 {
		return first, nil
	}
	return best, nil
}
