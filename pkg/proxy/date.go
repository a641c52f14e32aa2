package proxy

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dateClock keeps the text of Date (RFC 9110 section 6.6.1), which changes once a second.
type dateClock struct{ current atomic.Pointer[dateText] }

type dateText struct {
	second int64
	text   []byte
}

// at returns the date of an instant; the bytes are never changed.
func (c *dateClock) at(now time.Time) []byte {
	second := now.Unix()
	if d := c.current.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &dateText{second: second, text: now.UTC().AppendFormat(nil, http.TimeFormat)}
	c.current.Store(d)
	return d.text
}
