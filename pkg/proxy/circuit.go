package proxy

import (
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream/breaker"
)

var faultCircuitOpen = &fault{status: 503, reason: "circuit_open", side: ofSluice}

// enterCircuit asks the circuit of the pool. turnedAway says that it is open, and that what is
// returned is all that is left to be done.
func (x *exchange) enterCircuit(b *breaker.Breaker) (f *fault, turnedAway bool) {
	ticket, wait, ok := b.Begin(time.Now())
	if ok {
		x.circuit, x.ticket = b, ticket
		return nil, false
	}
	x.fault = faultCircuitOpen
	x.resp.Reset()
	seconds := max(int64((wait+time.Second-1)/time.Second), 1)
	x.resp.Header.Add("Retry-After", strconv.AppendInt(nil, seconds, 10))
	return x.answer(x.fault.status, x.fault.reason, nil), true
}

// tellCircuit tells the circuit of the response whose head came. What happens to its body is not
// waited for, as that may take as long as it likes.
func (x *exchange) tellCircuit() {
	outcome := breaker.Good
	if x.resp.Status >= 500 {
		outcome = breaker.Failed
	}
	x.leaveCircuit(outcome)
}

// tellCircuitOf tells the circuit that there is no response.
func (x *exchange) tellCircuitOf(f *fault) {
	if f != nil && f.side == ofEndpoint && f != faultNoEndpoint {
		x.leaveCircuit(breaker.Failed)
		return
	}
	x.leaveCircuit(breaker.Unknown)
}

// leaveCircuit gives the ticket back, where there is one.
func (x *exchange) leaveCircuit(o breaker.Outcome) {
	if x.circuit != nil {
		x.circuit.End(x.ticket, o, time.Now())
		x.circuit = nil
	}
}
