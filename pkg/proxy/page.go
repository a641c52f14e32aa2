package proxy

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// pageWithin bounds the time from the question for an error page to the head of its answer.
const pageWithin = 5 * time.Second

// faultReplaced never ends an exchange: an error page follows in place of the endpoint's answer.
var faultReplaced = &fault{status: 502, reason: "error_page", side: ofEndpoint}

// page returns what an answer of that status is replaced by, nil for nothing; own says that it is
// one of ours.
func (x *exchange) page(status int, own bool) *table.ErrorPage {
	if status < 400 || x.route == nil || x.unfiltered || x.paged || x.speaksGRPC() {
		return nil
	}
	for i := range x.backendPages {
		if p := &x.backendPages[i]; p.Replaces(status, own) {
			return p
		}
	}
	for i := range x.route.Pages {
		if p := &x.route.Pages[i]; p.Replaces(status, own) {
			return p
		}
	}
	return nil
}

// answerReplaced answers in place of the endpoint, whose answer is dropped apart from what tells
// the client what to do.
func (x *exchange) answerReplaced() *fault {
	status := x.resp.Status
	var kept wire.Header
	keepAdvice(&kept, &x.resp.Header)
	x.resp.Reset()
	addFields(&x.resp.Header, &kept)
	x.reason = faultReplaced.reason
	return x.answer(status, "", nil)
}

// advice are fields of answers that stay when the content is replaced.
var advice = [...]string{"Retry-After", "WWW-Authenticate", "Proxy-Authenticate", "Allow", "RateLimit", "RateLimit-Policy"}

func keepAdvice(to, from *wire.Header) {
	for _, f := range from.Fields() {
		for _, name := range advice {
			if wire.EqualName(f.Name, name) {
				to.Add(string(f.Name), f.Value)
			}
		}
	}
}

func addFields(to, from *wire.Header) {
	for _, f := range from.Fields() {
		to.Add(string(f.Name), f.Value)
	}
}

// showAnswer tells filters which answer is replaced.
func (x *exchange) showAnswer(status int) *filter.Exchange {
	if x.fx.Request == nil {
		x.showFilters(&x.route.Filters)
	}
	start := len(x.arena)
	x.arena = append(x.arena, x.original.path...)
	if x.original.hasQuery {
		x.arena = append(append(x.arena, '?'), x.original.query...)
	}
	x.fx.Original = x.arena[start:len(x.arena):len(x.arena)]
	x.fx.Request, x.fx.Status, x.fx.Version = &x.req, status, x.served
	return &x.fx
}

// replace gives the page of an upstream in place of an answer of ours with that status, whose fields
// are in x.resp. Where there is no page to be had, done is false, and x.resp is as it was.
func (x *exchange) replace(p *table.ErrorPage, status int) (f *fault, done bool) {
	x.paged = true // Nothing is a page for a page.
	question := wire.Request{Method: []byte("GET")}
	if string(x.req.Method) == "HEAD" {
		question.Method = []byte("HEAD")
	}
	p.Ask(x.showAnswer(status), &question)
	var own wire.Header
	own.CopyFrom(&x.resp.Header)
	// The time for the answer that is replaced may be over.
	x.deadline = time.Time{}
	e, err := p.Pool.Pick()
	if err != nil {
		return nil, false
	}
	defer e.Done()
	pool := x.pool
	x.pool, x.fresh = p.Pool, false
	up, err := x.take(e, pageWithin)
	x.pool = pool
	if err != nil {
		return nil, false
	}
	x.up = up
	x.down.using(x.up)
	if !x.askPage(&question) {
		x.dropEndpoint()
		x.resp.Reset()
		addFields(&x.resp.Header, &own)
		return nil, false
	}
	addFields(&x.resp.Header, &own)
	if !p.OwnStatus() {
		x.resp.Status = status
	}
	f = x.passPage()
	if x.up != nil {
		x.release(f)
	}
	return f, true
}

// askPage sends the question and reads the head of its answer.
func (x *exchange) askPage(question *wire.Request) bool {
	x.up.SetDeadline(time.Now().Add(pageWithin))
	if x.up.WriteRequest(question) != nil || x.up.FinishBody(nil) != nil || x.up.Flush() != nil {
		return false
	}
	for range maxInterim {
		if x.up.ReadResponse(&x.resp, question.Method) != nil {
			return false
		}
		if x.resp.Status >= 200 {
			// What is not a page as a whole is none.
			return x.resp.Status != 204 && x.resp.Status != 206 && x.resp.Status != 304
		}
	}
	return false
}

// passPage passes the answer on.
func (x *exchange) passPage() *fault {
	x.headAt = time.Now()
	x.up.SetDeadline(time.Time{})
	x.body.upRead.forget()
	x.resp.Header.SetKnown(wire.XRequestID, x.requestID)
	if f := x.sendHead(); f != nil {
		return f
	}
	return x.relayBody()
}
