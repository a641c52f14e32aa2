package ir

import (
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// RateBy is what tells the clients of a RateLimit apart.
type RateBy uint8

const (
	// RateByRoute takes all requests for one client's.
	RateByRoute RateBy = iota
	// RateByClientAddress goes by the client's IP address, for IPv6 by its /64.
	RateByClientAddress
	// RateByHeader goes by the value of a header field; requests without it are one client's.
	RateByHeader
	// RateByClaim goes by a claim of the client's token; requests without it are one client's.
	RateByClaim
)

// String returns the name as users write it.
func (b RateBy) String() string {
	switch b {
	case RateByRoute:
		return "Route"
	case RateByClientAddress:
		return "ClientAddress"
	case RateByHeader:
		return "Header"
	case RateByClaim:
		return "Claim"
	}
	return "by(" + strconv.Itoa(int(b)) + ")"
}

// RateLimit answers requests beyond a rate with 429, or 503.
type RateLimit struct {
	// Key names what is counted: filters of one key share it, and must be equal. It
	// is stable as Route.ID is.
	Key string
	// Requests may come per Per; both are more than 0.
	Requests int
	Per      time.Duration
	// Burst may come at once, at least 1.
	Burst int
	// Shared says that all replicas share Requests and Burst: each gets its part.
	Shared bool
	// By says what tells clients apart.
	By RateBy
	// Header is the name of the field in lower case for RateByHeader, else empty.
	Header string
	// Claim is the name of the claim for RateByClaim, else empty.
	Claim string
	// Exempt are clients whose requests are not counted.
	Exempt []netip.Prefix
	// Unavailable answers 503 instead of 429, as ingress-nginx does.
	Unavailable bool
}

func (*RateLimit) isFilter() {}

func (l *RateLimit) words() string {
	text := "rate-limit key=" + quote(l.Key) + " " + strconv.Itoa(l.Requests) + "/" + l.Per.String() + " burst=" + strconv.Itoa(l.Burst) + " by=" + l.By.String()
	if l.Header != "" {
		text += " header=" + quote(l.Header)
	}
	if l.Shared {
		text += " scope=Cluster"
	}
	if l.Claim != "" {
		text += " claim=" + quote(l.Claim)
	}
	for _, p := range l.Exempt {
		text += " exempt=" + p.String()
	}
	if l.Unavailable {
		text += " status=503"
	}
	return text
}

func (v *validator) rateLimit(l *RateLimit) {
	v.check(l.Key != "", "a rate limit has no key")
	v.check(l.Requests > 0 && l.Per > 0, "a rate limit lets nothing pass")
	v.check(l.Burst > 0, "a rate limit has no burst")
	v.check(l.By <= RateByClaim, "what tells the clients of a rate limit apart is unknown")
	v.check((l.Header != "") == (l.By == RateByHeader), "a rate limit has a header without need, or lacks one")
	v.check((l.Claim != "") == (l.By == RateByClaim), "a rate limit has a claim without need, or lacks one")
	v.check(l.Header == strings.ToLower(l.Header), "the header of a rate limit is not in lower case")
	if known, ok := v.rates[l.Key]; ok {
		v.check(reflect.DeepEqual(known, *l), "rate limits of one key differ")
	}
	v.rates[l.Key] = *l
}
