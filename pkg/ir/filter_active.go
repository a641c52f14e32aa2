package ir

import (
	"net/netip"
	"reflect"
	"strconv"
)

// ActiveLimit answers requests of a client that has too many under way with 503. Clients are told
// apart by their IP address, for IPv6 by its /64.
type ActiveLimit struct {
	// Key names what is counted: filters of one key share it, and must be equal. It
	// is stable as Route.ID is.
	Key string
	// MaxActive is how many a client may have under way, at least 1.
	MaxActive int
	// Exempt are clients that are not bounded.
	Exempt []netip.Prefix
}

func (*ActiveLimit) isFilter() {}

func (l *ActiveLimit) words() string {
	text := "active-limit key=" + quote(l.Key) + " max=" + strconv.Itoa(l.MaxActive)
	for _, p := range l.Exempt {
		text += " exempt=" + p.String()
	}
	return text
}

func (v *validator) activeLimit(l *ActiveLimit) {
	v.check(l.Key != "", "a limit of requests under way has no key")
	v.check(l.MaxActive > 0, "a limit of requests under way lets nothing pass")
	if known, ok := v.actives[l.Key]; ok {
		v.check(reflect.DeepEqual(known, l), "limits of requests under way of one key differ")
	}
	v.actives[l.Key] = l
}
