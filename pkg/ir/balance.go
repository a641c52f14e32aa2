package ir

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Balance says which endpoint of an upstream a request gets. The zero value takes
// the endpoints in turn.
type Balance struct {
	Strategy Strategy
	// Choices is how many endpoints Random draws, of which the least busy is taken: 1
	// or 2. It is 0 for other strategies.
	Choices int
	// Hash is what Hash goes by, zero for other strategies.
	Hash HashBy
	// Cost is an expression in CEL whose value is a number, for Expression; else empty.
	Cost string
	// SlowStart is the time in which a new endpoint's share of the requests grows to
	// its full one; 0 gives it its full share at once.
	SlowStart time.Duration
	// PreferZone sends requests to the endpoints that topology hints name for the
	// proxy's own zone, as long as all endpoints have hints and one of that
	// zone serves.
	PreferZone bool
}

// Strategy is a way to choose an endpoint.
type Strategy uint8

const (
	// RoundRobin takes the endpoints in turn.
	RoundRobin Strategy = iota
	// LeastRequest takes the endpoint with the fewest requests under way.
	LeastRequest
	// LeastLatency draws two endpoints and takes the one that promises the earlier
	// answer, by a moving average of its response times and its requests under way.
	LeastLatency
	// Random draws endpoints.
	Random
	// Hash takes the endpoint that a part of the request leads to, on every replica
	// the same.
	Hash
	// WeightedRoundRobin takes the endpoints in turn, each by its weight.
	WeightedRoundRobin
	// Expression takes the endpoint that costs least, by Balance.Cost.
	Expression
)

// String returns the strategy as ProxyRoute writes it.
func (s Strategy) String() string {
	switch s {
	case RoundRobin:
		return "RoundRobin"
	case LeastRequest:
		return "LeastRequest"
	case LeastLatency:
		return "LeastLatency"
	case Random:
		return "Random"
	case Hash:
		return "Hash"
	case WeightedRoundRobin:
		return "WeightedRoundRobin"
	case Expression:
		return "Expression"
	}
	return "strategy(" + strconv.Itoa(int(s)) + ")"
}

// HashBy is the part of a request that Hash goes by. Requests without it are
// served in turn.
type HashBy struct {
	Source HashSource
	// Name is that of the header field (in lower case), cookie or query parameter,
	// else empty.
	Name string
	// MaxLoadPercent bounds the requests under way at one endpoint, as a percentage of
	// the average of all, at least 100; beyond it the next endpoint by hash
	// serves. 0 means no bound.
	MaxLoadPercent int
}

// HashSource is a part of a request.
type HashSource uint8

const (
	// HashNone is that of strategies that do not hash.
	HashNone HashSource = iota
	// HashAddress is the client's IP address.
	HashAddress
	// HashHeader is the value of a header field.
	HashHeader
	// HashCookie is the value of a cookie.
	HashCookie
	// HashQuery is the value of a query parameter.
	HashQuery
	// HashPath is the path without its query.
	HashPath
)

// String returns the source as ProxyRoute writes it.
func (s HashSource) String() string {
	switch s {
	case HashNone:
		return "none"
	case HashAddress:
		return "ClientAddress"
	case HashHeader:
		return "Header"
	case HashCookie:
		return "Cookie"
	case HashQuery:
		return "Query"
	case HashPath:
		return "Path"
	}
	return "source(" + strconv.Itoa(int(s)) + ")"
}

// String returns the strategy and what else is set, as one line.
func (b Balance) String() string {
	words := []string{b.Strategy.String()}
	if b.Choices != 0 {
		words = append(words, "choices="+strconv.Itoa(b.Choices))
	}
	if b.Hash != (HashBy{}) {
		words = append(words, "by="+b.Hash.Source.String())
		if b.Hash.Name != "" {
			words = append(words, "name="+quote(b.Hash.Name))
		}
		if b.Hash.MaxLoadPercent != 0 {
			words = append(words, fmt.Sprintf("max-load=%d%%", b.Hash.MaxLoadPercent))
		}
	}
	if b.Cost != "" {
		words = append(words, "cost="+strconv.Quote(b.Cost))
	}
	if b.SlowStart != 0 {
		words = append(words, "slow-start="+b.SlowStart.String())
	}
	if b.PreferZone {
		words = append(words, "prefer-zone")
	}
	return strings.Join(words, " ")
}

func (v *validator) balance(b Balance) {
	v.check(b.Strategy <= Expression, "the balance is unknown")
	v.check((b.Cost != "") == (b.Strategy == Expression), "a cost of endpoints is there without need, or missing")
	if b.Strategy == Random {
		v.check(b.Choices == 1 || b.Choices == 2, "the choices of a random balance are neither 1 nor 2")
	} else {
		v.check(b.Choices == 0, "a balance that is not random has choices")
	}
	if b.Strategy != Hash {
		v.check(b.Hash == HashBy{}, "a balance that does not hash says what by")
	} else {
		v.hashBy(b.Hash)
	}
	v.check(b.SlowStart >= 0, "the slow start is negative")
}

func (v *validator) hashBy(h HashBy) {
	v.check(h.Source > HashNone && h.Source <= HashPath, "what the balance hashes is unknown")
	named := h.Source == HashHeader || h.Source == HashCookie || h.Source == HashQuery
	v.check(named == (h.Name != ""), "the name of what the balance hashes is there without need, or missing")
	if h.Source == HashHeader {
		v.check(h.Name == strings.ToLower(h.Name), "the header that the balance hashes is not in lower case")
	}
	v.check(h.MaxLoadPercent == 0 || h.MaxLoadPercent >= 100, "the bound of the load is below 100 percent")
}
