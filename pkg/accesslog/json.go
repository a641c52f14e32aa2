package accesslog

import (
	"time"
)

// json appends e as an object. Numbers of time are seconds.
func (l *line) json(e *Entry) {
	l.raw(`{"time":"`)
	l.time(e.Time)
	l.raw(`","client":"`)
	l.address(e.Client)
	l.raw(`","method":`)
	quoted(l, e.Method)
	l.raw(`,"host":`)
	quoted(l, e.Host)
	l.raw(`,"path":"`)
	l.target(e)
	l.raw(`","protocol":`)
	quoted(l, e.Protocol)
	l.raw(`,"status":`)
	l.int(int64(e.Status))
	l.raw(`,"bytesIn":`)
	l.int(e.BytesIn)
	l.raw(`,"bytesOut":`)
	l.int(e.BytesOut)
	l.raw(`,"duration":`)
	l.seconds(e.Duration)
	member(l, `,"tls":`, e.TLS)
	member(l, `,"route":`, e.Route)
	member(l, `,"origin":`, e.Origin)
	member(l, `,"upstream":`, e.UpstreamKey)
	member(l, `,"version":`, e.Version)
	if e.Upstream != "" {
		member(l, `,"endpoint":`, e.Upstream)
		l.raw(`,"endpointFirstByte":`)
		l.seconds(e.FirstByte)
		l.raw(`,"endpointDuration":`)
		l.seconds(e.UpstreamDuration)
	}
	if e.Retries > 0 {
		l.raw(`,"retries":`)
		l.int(int64(e.Retries))
	}
	member(l, `,"reason":`, e.Reason)
	member(l, `,"fault":`, e.Fault)
	member(l, `,"principal":`, e.Principal)
	member(l, `,"requestId":`, e.RequestID)
	member(l, `,"userAgent":`, e.UserAgent)
	member(l, `,"referer":`, e.Referer)
	l.raw("}\n")
}

// member appends a member of an object where its value is not empty; name
// stands with its comma, quotes and colon.
func member[S []byte | string](l *line, name string, value S) {
	if len(value) > 0 {
		l.raw(name)
		quoted(l, value)
	}
}

// target appends path and query, escaped.
func (l *line) target(e *Entry) {
	escaped(l, e.Path)
	if e.HasQuery {
		l.raw("?")
		escaped(l, e.Query)
	}
}

func (l *line) droppedJSON(now time.Time, n uint64) {
	l.raw(`{"time":"`)
	l.time(now)
	l.raw(`","dropped":`)
	l.int(int64(n))
	l.raw(",\"message\":\"access log lines were dropped\"}\n")
}
