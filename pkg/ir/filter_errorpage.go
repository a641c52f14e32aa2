package ir

import (
	"strconv"
	"strings"
)

// ErrorPage replaces answers that say that something went wrong: those of Sluice's own that nobody
// wrote a body for, and on request those of endpoints. Of several the first that fits is taken.
type ErrorPage struct {
	// Statuses are between 400 and 599.
	Statuses []StatusRange
	// Endpoints says that answers of endpoints are replaced too.
	Endpoints bool
	// Upstream is the Key of an entry of Config.Upstreams that is asked for the page, empty where
	// Body is the page.
	Upstream string
	// Header is sent to Upstream besides the client's fields.
	Header []HeaderField
	// OwnStatus says that the status of Upstream's answer is sent, not the one that it replaces.
	OwnStatus bool
	// ContentType is that of Body, and empty where Upstream is set.
	ContentType string
	Body        Text
}

func (*ErrorPage) isFilter() {}

func (p *ErrorPage) words() string {
	statuses := make([]string, len(p.Statuses))
	for i, s := range p.Statuses {
		statuses[i] = s.String()
	}
	text := "error-page statuses=" + strings.Join(statuses, ",")
	if p.Endpoints {
		text += " endpoints"
	}
	if p.OwnStatus {
		text += " own-status"
	}
	if p.Upstream != "" {
		text += " upstream=" + quote(p.Upstream)
	}
	for _, f := range p.Header {
		text += " header=" + quote(f.Name) + ":" + strconv.Quote(string(f.Value))
	}
	if p.ContentType != "" || p.Body != "" {
		text += " type=" + quote(p.ContentType) + " body=" + strconv.Quote(string(p.Body))
	}
	return text
}

func (v *validator) errorPage(p *ErrorPage) {
	v.check(len(p.Statuses) > 0, "an error page is for no status")
	for _, s := range p.Statuses {
		v.check(s.From >= 400 && s.From <= s.To && s.To <= 599, "a status of an error page is not between 400 and 599")
	}
	for _, f := range p.Header {
		v.check(f.Name != "", "an error page asks with a field without a name")
	}
	if p.Upstream != "" {
		v.refer(v.upstreams, "upstream", p.Upstream)
		v.check(p.Body == "" && p.ContentType == "", "an error page has both a body and an upstream")
		return
	}
	v.check(p.Body != "" && p.ContentType != "", "an error page has neither a body with a type nor an upstream")
	v.check(len(p.Header) == 0 && !p.OwnStatus, "an error page asks nobody, but with a field or for a status")
}
