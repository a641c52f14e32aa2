package proxy

import (
	"bytes"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/wire"
)

var (
	nameDate        = []byte("Date")
	nameContentType = []byte("Content-Type")
	nameAllow       = []byte("Allow")
	nameReason      = []byte("X-Sluice-Reason")

	typeText = []byte("text/plain; charset=utf-8")
	typeJSON = []byte("application/json")
	allowed  = []byte("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
)

// answerFault gives the answer that a fault asks for.
func (x *exchange) answerFault(f *fault) {
	x.resp.Reset()
	if f.status == 405 {
		x.resp.Header.AppendAlias(wire.Field{Name: nameAllow, Value: allowed})
	}
	if f == faultOverloaded {
		x.resp.Header.Add("Retry-After", []byte(overloadedAgain))
	}
	if again := x.answer(f.status, f.reason, nil); again != nil && !x.headSent {
		x.down.abort()
	}
}

// answerFor gives a filter's answer.
func (x *exchange) answerFor(a *filter.Answer) *fault {
	if a.Status == 0 {
		return x.cut(a.Reason)
	}
	x.resp.Reset()
	for _, f := range a.Header {
		x.resp.Header.Add(f.Name, []byte(f.Value))
	}
	x.reason = a.Reason
	return x.answer(a.Status, a.Reason, a.Body)
}

// respond gives the answer of a route without endpoints. reason is a word from a
// small set, for metrics and clients; detail, which may name objects, is for the log.
func (x *exchange) respond(status int, reason, detail, body string) *fault {
	x.resp.Reset()
	x.reason, x.detail = reason, detail
	return x.answer(status, reason, []byte(body))
}

// unserved gives the answer of a share that has no endpoints.
func (x *exchange) unserved(f *table.Failure) *fault {
	if f.JSON == "" || !prefersJSON(&x.req.Header) {
		return x.respond(f.Status, f.Word, f.Reason, f.Body)
	}
	x.resp.Reset()
	x.reason, x.detail = f.Word, f.Reason
	x.resp.Header.AppendAlias(wire.Field{Name: nameContentType, Value: typeJSON, Known: wire.ContentType})
	return x.answer(f.Status, f.Word, []byte("{"+f.JSON+`,"requestId":"`+string(x.requestID)+"\"}\n"))
}

// tellsReason says that an answer of our own tells its reason: on request, and where a queue turned the
// request away, so that clients can tell that from a back end that is down.
func (x *exchange) tellsReason(reason string) bool {
	return reason != "" && (x.proxy.opts.DebugHeaders || x.fault == faultQueueFull || x.fault == faultQueueTimeout)
}

// answer sends a response of our own; x.resp holds the fields besides the usual
// ones. No body means the short text of the status. A fault that it returns
// cannot be answered.
func (x *exchange) answer(status int, reason string, body []byte) *fault {
	r := &x.resp
	if status < 200 || status > 599 {
		status, reason = faultAnswer.status, faultAnswer.reason
	}
	now := time.Now()
	contentType := typeText
	bodyless := status == 204 || status == 304
	grpc := status >= 400 && x.speaksGRPC()
	if len(body) == 0 && !bodyless && !grpc {
		page := x.page(status, x.reason != faultReplaced.reason)
		if page != nil && page.Pool != nil {
			if f, done := x.replace(page, status); done {
				return f
			}
			page = nil
		}
		body, contentType = x.ownContent(page, status, reason)
	}
	r.Status, r.Length = status, int64(len(body))
	r.NoBody = bodyless || string(x.req.Method) == "HEAD"
	switch {
	case grpc:
		x.answerGRPC(status, reason)
	case bodyless:
		r.Length = 0
	case r.Header.GetKnown(wire.ContentType) == nil:
		r.Header.AppendAlias(wire.Field{Name: nameContentType, Value: contentType, Known: wire.ContentType})
	}
	r.Header.AppendAlias(wire.Field{Name: nameDate, Value: x.proxy.date.at(now), Known: wire.Date})
	r.Header.AppendAlias(wire.Field{Name: nameRequestID, Value: x.requestID, Known: wire.XRequestID})
	if x.tellsReason(reason) {
		r.Header.AppendAlias(wire.Field{Name: nameReason, Value: []byte(reason)})
	}
	x.tellVersion()
	x.filterResponse()
	x.out.begin()
	x.advertise()
	r.Close = x.leavesConnection()
	x.down.awaitWrite(now, x.proxy.timeouts.Write, time.Time{})
	x.headSent, x.status = true, status
	if err := x.down.writeHead(r); err != nil {
		return ofClientWrite(err)
	}
	if !r.NoBody {
		if err := x.out.write(body); err != nil {
			return ofClientWrite(err)
		}
	}
	return x.finishResponse(nil)
}

// ownContent returns the content of an answer of ours: a page, or the short text where there is none.
func (x *exchange) ownContent(page *table.ErrorPage, status int, reason string) (body, contentType []byte) {
	if page == nil {
		return x.shortText(status, reason)
	}
	media, body := page.Content(x.showAnswer(status))
	return body, []byte(media)
}

// leavesConnection says that an HTTP/1.1 connection must end with this answer,
// because where the next request begins is unknown or too far away.
func (x *exchange) leavesConnection() bool {
	if x.down.codec() == nil {
		return false
	}
	return x.fault != nil && x.fault.last || x.req.Length > maxDiscard && !x.down.bodyDone()
}

// shortText returns Sluice's own text for a status, as JSON where the client prefers it.
func (x *exchange) shortText(status int, reason string) (body, contentType []byte) {
	text := wire.StatusText(status)
	if !prefersJSON(&x.req.Header) {
		start := len(x.arena)
		x.arena = appendInt(x.arena, int64(status))
		x.arena = append(append(append(x.arena, ' '), text...), '\n')
		return x.arena[start:], typeText
	}
	start := len(x.arena)
	x.arena = append(x.arena, `{"status":`...)
	x.arena = appendInt(x.arena, int64(status))
	x.arena = append(x.arena, `,"message":`...)
	x.arena = strconv.AppendQuote(x.arena, text)
	if x.tellsReason(reason) {
		x.arena = append(x.arena, `,"reason":`...)
		x.arena = strconv.AppendQuoteToASCII(x.arena, reason)
	}
	x.arena = append(x.arena, `,"requestId":"`...)
	x.arena = append(x.arena, x.requestID...) // It needs no quoting: see validRequestID.
	x.arena = append(x.arena, "\"}\n"...)
	return x.arena[start:], typeJSON
}

// prefersJSON says whether Accept (RFC 9110 section 12.5.1) gives JSON a higher
// weight than plain text.
func prefersJSON(h *wire.Header) bool {
	accept := h.GetKnown(wire.Accept)
	if len(accept) == 0 {
		return false
	}
	return weight(accept, "application/json", "application/*") > weight(accept, "text/plain", "text/*")
}

// weight returns the weight of a media type in thousandths: that of the most
// specific range that covers it.
func weight(accept []byte, exact, family string) int {
	found, best := 0, 0
	for len(accept) > 0 {
		var one []byte
		one, accept, _ = bytes.Cut(accept, []byte(","))
		media, params, _ := bytes.Cut(one, []byte(";"))
		media = bytes.TrimSpace(media)
		specific := 0
		switch {
		case wire.EqualName(media, exact):
			specific = 3
		case wire.EqualName(media, family):
			specific = 2
		case string(media) == "*/*":
			specific = 1
		}
		if specific > best {
			best, found = specific, quality(params)
		}
	}
	return found
}

// quality returns the q parameter in thousandths (RFC 9110 section 12.4.2), 0
// where it is no number.
func quality(params []byte) int {
	for len(params) > 0 {
		var one []byte
		one, params, _ = bytes.Cut(params, []byte(";"))
		name, value, _ := bytes.Cut(bytes.TrimSpace(one), []byte("="))
		if wire.EqualName(name, "q") {
			q, err := strconv.ParseFloat(string(value), 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return int(q*1000 + 0.5)
		}
	}
	return 1000
}
