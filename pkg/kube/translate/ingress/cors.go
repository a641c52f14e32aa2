package ingress

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// The defaults of ingress-nginx.
const (
	corsMethods = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
	corsHeaders = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
	corsMaxAge  = 1728000
)

// readCORS reads enable-cors and cors-*. The origin "*" never gets credentials: ingress-nginx
// sends "*" beside them, which browsers refuse.
func (t *translation) readCORS() *ir.CORS {
	if !t.flag("enable-cors", false) {
		return nil
	}
	out := &ir.CORS{
		Methods: t.words("cors-allow-methods", corsMethods), Headers: t.words("cors-allow-headers", corsHeaders),
		Expose: t.words("cors-expose-headers", ""), Credentials: t.flag("cors-allow-credentials", true), MaxAge: corsMaxAge,
	}
	at, age := t.text("cors-max-age")
	if age != "" {
		n, err := strconv.Atoi(age)
		if err != nil || n < 0 {
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no number of seconds, so %d counts", age, corsMaxAge)
		} else {
			out.MaxAge = n
		}
	}
	for _, origin := range t.words("cors-allow-origin", "*") {
		if origin == "*" {
			out.Origins, out.OriginExpressions, out.Credentials = []string{"*"}, nil, false
			return out
		}
		// "*." stands for one label, whatever the scheme.
		out.OriginExpressions = append(out.OriginExpressions, strings.ReplaceAll(regexp.QuoteMeta(origin), `\*\.`, `[A-Za-z0-9_-]+\.`))
	}
	return out
}

// words returns the members of a list with commas between.
func (t *translation) words(short, otherwise string) []string {
	_, value := t.text(short)
	if value == "" {
		value = otherwise
	}
	var list []string
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}
