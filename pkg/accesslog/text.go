package accesslog

import "time"

// text appends e as
//
//	TIME CLIENT "METHOD HOST TARGET PROTOCOL" STATUS DURATION key=value …
//
// Durations are seconds. Values that a client
// or a configuration chose stand in quotes with JSON's escapes, unless they
// consist of letters, digits and a few signs.
func (l *line) text(e *Entry) {
	l.time(e.Time)
	l.raw(" ")
	if e.Client.IsValid() {
		l.address(e.Client)
	} else {
		l.raw("-")
	}
	l.raw(` "`)
	escaped(l, e.Method)
	l.raw(" ")
	escaped(l, e.Host)
	l.raw(" ")
	l.target(e)
	l.raw(" ")
	escaped(l, e.Protocol)
	l.raw(`" `)
	l.int(int64(e.Status))
	l.raw(" ")
	l.seconds(e.Duration)
	l.raw("s in=")
	l.int(e.BytesIn)
	l.raw(" out=")
	l.int(e.BytesOut)
	pair(l, " tls=", e.TLS)
	pair(l, " route=", e.Route)
	pair(l, " origin=", e.Origin)
	pair(l, " upstream=", e.UpstreamKey)
	pair(l, " version=", e.Version)
	if e.Upstream != "" {
		pair(l, " endpoint=", e.Upstream)
		l.raw(" first=")
		l.seconds(e.FirstByte)
		l.raw("s took=")
		l.seconds(e.UpstreamDuration)
		l.raw("s")
	}
	if e.Retries > 0 {
		l.raw(" retries=")
		l.int(int64(e.Retries))
	}
	pair(l, " reason=", e.Reason)
	pair(l, " fault=", e.Fault)
	pair(l, " principal=", e.Principal)
	pair(l, " id=", e.RequestID)
	pair(l, " agent=", e.UserAgent)
	pair(l, " referer=", e.Referer)
	l.raw("\n")
}

// pair appends a key and its value where the value is not empty.
func pair[S []byte | string](l *line, key string, value S) {
	if len(value) == 0 {
		return
	}
	l.raw(key)
	for i := range len(value) {
		if !bare[value[i]] {
			quoted(l, value)
			return
		}
	}
	l.buf = append(l.buf, value...)
}

// bare says which bytes may stand in a value without quotes.
var bare = func() (b [256]bool) {
	for c := '0'; c <= '9'; c++ {
		b[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		b[c], b[c-'a'+'A'] = true, true
	}
	for _, c := range "-_./:[]" {
		b[c] = true
	}
	return b
}()

func (l *line) droppedText(now time.Time, n uint64) {
	l.time(now)
	l.raw(" access log lines were dropped: ")
	l.int(int64(n))
	l.raw("\n")
}
