package ingress

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readResponse reads proxy-cookie-domain, proxy-cookie-path and proxy-redirect-*; nil where they ask for
// nothing. What cannot be used is reported, and responses stay as they are.
func (t *translation) readResponse() *ir.RewriteResponse {
	out := &ir.RewriteResponse{
		CookieDomain: t.cookieRule("proxy-cookie-domain"),
		CookiePath:   t.cookieRule("proxy-cookie-path"),
		Location:     t.locationRule(),
	}
	if len(out.CookieDomain)+len(out.CookiePath)+len(out.Location) == 0 {
		return nil
	}
	return out
}

// cookieRule reads what is "off", or two words.
func (t *translation) cookieRule(short string) []ir.Substitution {
	at, written := t.text(short)
	if written == "" || written == "off" {
		return nil
	}
	words, sound := nginxWords(written)
	if !sound || len(words) != 2 {
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is neither off nor two words, so cookies stay as they are", written)
		return nil
	}
	return t.substitution(words[0], words[1], at, "cookies stay as they are")
}

// locationRule reads proxy-redirect-from and proxy-redirect-to.
func (t *translation) locationRule() []ir.Substitution {
	at, from := t.text("proxy-redirect-from")
	toAt, to := t.text("proxy-redirect-to")
	switch {
	case from == "" || from == "off":
		if to != "" && to != "off" {
			t.Facts.Warnf(t.origin, toAt.Field, report.Invalid, "there is no proxy-redirect-from to be replaced, so it has no effect")
		}
		return nil
	case from == "default":
		t.Facts.Infof(t.origin, at.Field, report.Unsupported, "it has no effect: no endpoint gets to know a name of the proxy's own, so none can send clients there")
		return nil
	case to == "" || to == "off":
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "there is no proxy-redirect-to to put in its place, so it has no effect")
		return nil
	}
	words, sound := nginxWords(from + " " + to)
	if !sound || len(words) != 2 {
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "it and proxy-redirect-to must be one word each, so redirects stay as they are")
		return nil
	}
	return t.substitution(words[0], words[1], at, "redirects stay as they are")
}

// substitution reads the two words as nginx does: what begins with "~" is an expression, with
// "~*" one for whichever case.
func (t *translation) substitution(from, to string, at resolve.Place, otherwise string) []ir.Substitution {
	refuse := func(reason report.Reason, why string) []ir.Substitution {
		t.Facts.Warnf(t.origin, at.Field, reason, "%s, so %s", why, otherwise)
		return nil
	}
	expression, regex := strings.CutPrefix(from, "~")
	if !regex {
		text, err := nginxText(from)
		if err != nil {
			return refuse(report.Unsupported, err.Error())
		}
		put, err := nginxText(to)
		if err != nil {
			return refuse(report.Unsupported, err.Error())
		}
		return []ir.Substitution{{From: string(text), To: put}}
	}
	if folded, any := strings.CutPrefix(expression, "*"); any {
		expression = "(?i)" + folded
	}
	if _, err := syntax.Parse(expression, syntax.Perl); err != nil || expression == "" {
		return refuse(report.Unsupported, "the expression \""+expression+"\" is none that Sluice knows (RE2)")
	}
	put, err := withGroups(to)
	if err != nil {
		return refuse(report.Unsupported, err.Error())
	}
	return []ir.Substitution{{From: expression, To: put, Regex: true}}
}

// nginxWords takes a text apart as nginx does its directives: at spaces, unless they are in quotes, in which a
// backslash stands before a quote or another backslash. It is not sound where a quote has no end, or something
// other than a space behind it.
func nginxWords(s string) (words []string, sound bool) {
	for s = strings.TrimLeft(s, " \t\r\n"); s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		if quote := s[0]; quote != '"' && quote != '\'' {
			end := strings.IndexAny(s, " \t\r\n")
			if end < 0 {
				end = len(s)
			}
			words, s = append(words, s[:end]), s[end:]
			continue
		}
		word, rest, ok := unquoted(s)
		if !ok || rest != "" && !strings.ContainsRune(" \t\r\n", rune(rest[0])) {
			return nil, false
		}
		words, s = append(words, word), rest
	}
	return words, true
}

// unquoted returns what is in the quotes that s begins with, and what is behind them.
func unquoted(s string) (word, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == s[0]:
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s) && strings.IndexByte("\"'\\", s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

var groupName = regexp.MustCompile(`\$(?:[1-9]|\{[1-9]\})`)

// withGroups is nginxText of a text in which "$1" to "$9" stand for what groups of an expression matched.
func withGroups(s string) (out ir.Text, err error) {
	end := 0
	for _, at := range append(groupName.FindAllStringIndex(s, -1), []int{len(s), len(s)}) {
		between, err := nginxText(s[end:at[0]])
		if err != nil {
			return "", err
		}
		out += between + ir.Text(strings.NewReplacer("{", "", "}", "").Replace(s[at[0]:at[1]]))
		end = at[1]
	}
	return out, nil
}
