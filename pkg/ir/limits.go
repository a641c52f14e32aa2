package ir

import (
	"strconv"
	"strings"
	"time"
)

// Limits bound what runs at once. The zero value bounds nothing.
type Limits struct {
	// Key names what is bounded: routes of one key share slots and queue, and must
	// have equal Limits. It is stable as Route.ID is.
	Key string
	// MaxActive is how many requests run at once; 0 means no bound. Where PerEndpoint is 0, too, all
	// other fields are zero.
	MaxActive int
	// PerEndpoint is how many run at once at one endpoint; 0 means no bound.
	PerEndpoint int
	// Shared says that all replicas share the numbers, of MaxActive, PerEndpoint and
	// Queue.Length: each gets its part.
	Shared bool
	// Queue is where requests beyond it wait.
	Queue Queue
}

// Queue is where requests wait for a slot. The zero value lets none wait.
type Queue struct {
	// Length is how many may wait.
	Length int
	// Timeout is the longest wait, more than 0 where Length is.
	Timeout time.Duration
	// Order says which of a client's requests is served first.
	Order QueueOrder
	// FairBy says what tells clients apart.
	FairBy FairBy
	// FairHeader is the name of the header field in lower case for FairHeader, else empty.
	FairHeader string
	// FairClaim is the name of the claim for FairClaim, else empty.
	FairClaim string
	// PriorityHeader is the name of the header field, in lower case, whose value says which class
	// a request is of; else empty.
	PriorityHeader string
	// PriorityExpression is an expression in CEL whose value, a text, says that; else empty. Requests
	// for which it fails are of the last class.
	PriorityExpression string
	// PriorityClasses are the values, the class that is served first first, joined by ","; empty where
	// neither of the above is there, as all requests are of one class. Other values are one class, the last.
	PriorityClasses string
}

// MaxClasses is how many PriorityClasses there may be.
const MaxClasses = 8

// QueueOrder is an order of service.
type QueueOrder uint8

const (
	// QueueFIFO serves the oldest request first.
	QueueFIFO QueueOrder = iota
	// QueueLIFO serves the newest request first.
	QueueLIFO
)

// String returns the name as users write it.
func (o QueueOrder) String() string {
	switch o {
	case QueueFIFO:
		return "FIFO"
	case QueueLIFO:
		return "LIFO"
	}
	return "order(" + strconv.Itoa(int(o)) + ")"
}

// FairBy is what tells the clients of a queue apart, who are served in turn.
type FairBy uint8

const (
	// FairNone takes all requests for one client's.
	FairNone FairBy = iota
	// FairClientAddress goes by the client's IP address, for IPv6 by its /64.
	FairClientAddress
	// FairHeader goes by the value of a header field.
	FairHeader
	// FairClaim goes by a claim of the token that a filter has verified.
	FairClaim
)

// String returns the name as users write it.
func (f FairBy) String() string {
	switch f {
	case FairNone:
		return "none"
	case FairClientAddress:
		return "ClientAddress"
	case FairHeader:
		return "Header"
	case FairClaim:
		return "Claim"
	}
	return "fair(" + strconv.Itoa(int(f)) + ")"
}

// String returns the limits as one line.
func (l Limits) String() string {
	words := []string{"key=" + quote(l.Key), "max-active=" + strconv.Itoa(l.MaxActive)}
	if l.PerEndpoint > 0 {
		words = append(words, "per-endpoint="+strconv.Itoa(l.PerEndpoint))
	}
	if l.Shared {
		words = append(words, "scope=Cluster")
	}
	if q := l.Queue; q != (Queue{}) {
		words = append(words, "queue="+strconv.Itoa(q.Length), "timeout="+q.Timeout.String(), q.Order.String(), "fair-by="+q.FairBy.String())
		if q.FairHeader != "" {
			words = append(words, "header="+quote(q.FairHeader))
		}
		if q.FairClaim != "" {
			words = append(words, "claim="+quote(q.FairClaim))
		}
		if q.PriorityHeader != "" {
			words = append(words, "priority-header="+quote(q.PriorityHeader))
		}
		if q.PriorityExpression != "" {
			words = append(words, "priority-expression="+strconv.Quote(q.PriorityExpression))
		}
		if q.PriorityClasses != "" {
			words = append(words, "classes="+quote(q.PriorityClasses))
		}
	}
	return strings.Join(words, " ")
}

func (v *validator) limits(l Limits) {
	if l == (Limits{}) {
		return
	}
	q := l.Queue
	v.check(l.MaxActive >= 0 && l.PerEndpoint >= 0, "a limit is negative")
	v.check(l.MaxActive > 0 || l.PerEndpoint > 0, "the limits bound nothing")
	v.check(l.Key != "", "the limits have no key")
	if known, ok := v.limited[l.Key]; ok {
		v.check(known == l, "routes that share limits differ in them")
	}
	v.limited[l.Key] = l
	v.check(q.Length >= 0, "the length of the queue is negative")
	v.check((q.Length > 0) == (q.Timeout > 0), "a queue needs both a length and a timeout")
	v.check(q.Order <= QueueLIFO, "the order of the queue is unknown")
	v.check(q.FairBy <= FairClaim, "what tells the clients of the queue apart is unknown")
	v.check((q.FairHeader != "") == (q.FairBy == FairHeader), "a header to tell clients apart is there without need, or missing")
	v.check(q.FairHeader == strings.ToLower(q.FairHeader), "the header to tell clients apart is not in lower case")
	v.check((q.FairClaim != "") == (q.FairBy == FairClaim), "a claim to tell clients apart is there without need, or missing")
	v.check(q.PriorityHeader == "" || q.PriorityExpression == "", "a queue has both a header and an expression of priority")
	v.check((q.PriorityHeader+q.PriorityExpression == "") == (q.PriorityClasses == ""), "a queue needs both a source and classes of priority, or neither")
	v.check(q.PriorityHeader == strings.ToLower(q.PriorityHeader), "the header of the priority is not in lower case")
	v.check(strings.Count(q.PriorityClasses, ",") < MaxClasses, "there are too many classes of priority")
}
