package ir

import (
	"regexp/syntax"
	"strconv"
	"strings"
)

// RewriteResponse changes where the responses of endpoints lead: their redirects, and the domain and
// path of their cookies (of nginx: proxy_redirect, proxy_cookie_domain, proxy_cookie_path). Responses of
// Sluice's own, its cookies and error pages stay as they are. Of each list the first that fits counts.
type RewriteResponse struct {
	// Location is for the beginning of Location, and of the URL in Refresh.
	Location []Substitution
	// CookieDomain is for the whole Domain of cookies, in whichever case. A dot in front of either stays
	// out of account.
	CookieDomain []Substitution
	// CookiePath is for the beginning of the Path of cookies.
	CookiePath []Substitution
}

// Substitution puts a text in the place of another.
type Substitution struct {
	// From is what is replaced, a Text; with Regex an RE2 expression, and the value in which it is found is
	// replaced as a whole.
	From string
	// To is what comes there, a Text. With Regex "$1" to "$9" stand for what groups matched, and "$$"
	// for "$".
	To    Text
	Regex bool
}

func (*RewriteResponse) isFilter() {}

func (r *RewriteResponse) words() string {
	text := "rewrite-response"
	for _, part := range r.parts() {
		for _, s := range part.list {
			by := "=>"
			if s.Regex {
				by = "~>"
			}
			text += " " + part.name + "=" + strconv.Quote(s.From) + by + strconv.Quote(string(s.To))
		}
	}
	return text
}

// responsePart is one of the lists by its name.
type responsePart struct {
	name string
	list []Substitution
}

func (r *RewriteResponse) parts() [3]responsePart {
	return [...]responsePart{{"location", r.Location}, {"cookie-domain", r.CookieDomain}, {"cookie-path", r.CookiePath}}
}

func (v *validator) rewriteResponse(r *RewriteResponse) {
	v.check(len(r.Location)+len(r.CookieDomain)+len(r.CookiePath) > 0, "a rewrite of responses changes nothing")
	for _, part := range r.parts() {
		for _, s := range part.list {
			v.check(s.From != "", "a rewrite of responses replaces an empty text")
			v.check(!strings.ContainsAny(s.From+string(s.To), "\r\n\x00"), "a rewrite of responses holds what a header cannot")
			if s.Regex {
				_, err := syntax.Parse(s.From, syntax.Perl)
				v.check(err == nil, "the expression of a rewrite of responses is none")
			}
		}
	}
}
