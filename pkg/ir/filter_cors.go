package ir

import (
	"strconv"
	"strings"
)

// CORS answers preflight requests and tells browsers what scripts of other
// origins may do (HTTPRouteFilter.cors; Fetch standard, CORS protocol).
type CORS struct {
	// Origins are those that may: "*" for any, else scheme://host[:port], in which
	// the host may be "*" or begin with "*." for names of any depth.
	Origins []string
	// OriginExpressions are RE2 expressions, of which one matches the whole origin.
	OriginExpressions []string
	// Methods may be used; "*" means any.
	Methods []string
	// Headers may be sent; "*" means any.
	Headers []string
	// Expose names the response fields that scripts may see; "*" means all.
	Expose []string
	// Credentials says that cookies and the like may be sent.
	Credentials bool
	// MaxAge is how many seconds a browser may remember the answer; below 0 it is not told.
	MaxAge int
}

func (*CORS) isFilter() {}

func (c *CORS) words() string {
	words := []string{"cors"}
	for _, l := range []struct {
		name string
		list []string
	}{
		{"origins", c.Origins}, {"expressions", c.OriginExpressions}, {"methods", c.Methods}, {"headers", c.Headers}, {"expose", c.Expose},
	} {
		if len(l.list) > 0 {
			words = append(words, l.name+"="+quote(strings.Join(l.list, ",")))
		}
	}
	if c.Credentials {
		words = append(words, "credentials")
	}
	return strings.Join(append(words, "max-age="+strconv.Itoa(c.MaxAge)), " ")
}
