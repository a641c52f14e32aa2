package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Response changes where the responses of endpoints lead.
type Response struct {
	locations, domains, paths []substitution
}

var _ filter.EndpointHead = (*Response)(nil)

// NewResponse makes the filter. The error names the text that cannot be used.
func NewResponse(spec *ir.RewriteResponse) (*Response, error) {
	f := &Response{}
	for _, part := range []struct {
		place place
		specs []ir.Substitution
		into  *[]substitution
	}{{inLocation, spec.Location, &f.locations}, {inDomain, spec.CookieDomain, &f.domains}, {inPath, spec.CookiePath, &f.paths}} {
		for _, s := range part.specs {
			made, err := newSubstitution(s, part.place)
			if err != nil {
				return nil, fmt.Errorf("%q cannot be replaced by %q: %w", s.From, s.To, err)
			}
			*part.into = append(*part.into, made)
		}
	}
	return f, nil
}

// OnEndpointHead changes x.Response.
func (f *Response) OnEndpointHead(x *filter.Exchange) {
	fields := x.Response.Header.Fields()
	for i := range fields {
		field := &fields[i]
		switch {
		case field.Known == wire.SetCookie:
			field.Value = f.cookie(field.Value, x)
		case field.Known == wire.Location:
			field.Value = splice(f.locations, field.Value, 0, len(field.Value), x)
		case len(f.locations) > 0 && wire.EqualName(field.Name, "Refresh"):
			if at := refreshURL(field.Value); at >= 0 {
				field.Value = splice(f.locations, field.Value, at, len(field.Value), x)
			}
		}
	}
}

// cookie returns what becomes of the value of a Set-Cookie (RFC 6265 section 4.1). One that sets no
// cookie is left alone.
func (f *Response) cookie(value []byte, x *filter.Exchange) []byte {
	if len(f.domains)+len(f.paths) == 0 {
		return value
	}
	pair := bytes.IndexByte(value, ';')
	if pair < 0 || bytes.IndexByte(value[:pair], '=') < 0 {
		return value
	}
	for at := pair; at < len(value); {
		end := len(value)
		if next := bytes.IndexByte(value[at+1:], ';'); next >= 0 {
			end = at + 1 + next
		}
		key, from, to := attribute(value, at+1, end)
		rules := f.rules(key)
		if len(rules) == 0 || from < 0 {
			at = end
			continue
		}
		changed := splice(rules, value, from, to, x)
		at = end + len(changed) - len(value)
		value = changed
	}
	return value
}

// rules returns what becomes of an attribute of a cookie.
func (f *Response) rules(key []byte) []substitution {
	switch {
	case wire.EqualName(key, "Domain"):
		return f.domains
	case wire.EqualName(key, "Path"):
		return f.paths
	}
	return nil
}

// attribute returns the name of the attribute of a cookie that is in text[from:to], and where its value
// begins and ends without the spaces around it; it begins at -1 where there is none.
func attribute(text []byte, from, to int) (key []byte, begin, end int) {
	equals := bytes.IndexByte(text[from:to], '=')
	if equals < 0 {
		return nil, -1, -1
	}
	key = bytes.Trim(text[from:from+equals], " \t")
	begin, end = from+equals+1, to
	for begin < end && isSpace(text[begin]) {
		begin++
	}
	for end > begin && isSpace(text[end-1]) {
		end--
	}
	return key, begin, end
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// refreshURL returns where the URL in the value of a Refresh begins, -1 without one.
func refreshURL(value []byte) int {
	const key = "url="
	for i := 0; i+len(key) <= len(value); i++ {
		if wire.EqualName(value[i:i+len(key)], key) {
			return i + len(key)
		}
	}
	return -1
}

// place says where a rule counts.
type place uint8

const (
	inLocation place = iota
	inDomain
	inPath
)

// substitution is an ir.Substitution, ready for use.
type substitution struct {
	place place
	// expression is nil where from is a text.
	expression *regexp.Regexp
	from       filter.Text
	to         []piece
	// attributes is how many further ones of a cookie the rule itself adds.
	attributes int
}

// piece is a part of what is put in: a text, or where group is above 0 what that group of the expression
// has matched.
type piece struct {
	text  filter.Text
	group int
}

func newSubstitution(spec ir.Substitution, place place) (substitution, error) {
	s := substitution{place: place}
	if strings.ContainsAny(spec.From+string(spec.To), "\r\n\x00") {
		return s, errors.New("it holds what a header cannot")
	}
	from, to := spec.From, string(spec.To)
	s.attributes = strings.Count(to, ";")
	if place == inDomain && !spec.Regex {
		from, to = strings.TrimPrefix(from, "."), strings.TrimPrefix(to, ".")
	}
	var err error
	if spec.Regex {
		if place == inDomain {
			from = "(?i)" + from
		}
		if s.expression, err = regexp.Compile(from); err != nil {
			return s, err
		}
		s.to, err = pieces(to, s.expression.NumSubexp())
		return s, err
	}
	if s.from, err = filter.ParseText(from); err != nil {
		return s, err
	}
	text, err := filter.ParseText(to)
	s.to = []piece{{text: text}}
	return s, err
}

// pieces reads a text in which "$1" to "$9" stand for groups and "$$" for "$". A group that
// the expression does not have is empty.
func pieces(s string, groups int) (list []piece, err error) {
	literal := ""
	add := func() error {
		if literal == "" {
			return nil
		}
		text, err := filter.ParseText(literal)
		list, literal = append(list, piece{text: text}), ""
		return err
	}
	for s != "" {
		before, rest, found := strings.Cut(s, "$")
		literal += before
		switch {
		case !found:
			return list, add()
		case strings.HasPrefix(rest, "$"):
			literal, s = literal+"$", rest[1:]
		case rest != "" && rest[0] >= '1' && rest[0] <= '9':
			if err := add(); err != nil {
				return nil, err
			}
			if n := int(rest[0] - '0'); n <= groups {
				list = append(list, piece{group: n})
			}
			s = rest[1:]
		default:
			return nil, errors.New("a \"$\" has no number from 1 to 9 behind it (write \"$$\" for one that stands for itself)")
		}
	}
	return list, add()
}

// splice returns value with what becomes of its part from begin to end by the first rule that fits; it
// is value itself where none does. What could end that part early is not put in.
func splice(rules []substitution, value []byte, begin, end int, x *filter.Exchange) []byte {
	for i := range rules {
		start := len(x.Scratch)
		out, upTo, ok := rules[i].replace(append(x.Scratch, value[:begin]...), value[begin:end], x)
		if !ok {
			continue
		}
		if !rules[i].fits(out[start+begin:]) {
			return value
		}
		x.Scratch = append(out, value[begin+upTo:]...)
		return x.Scratch[start:len(x.Scratch):len(x.Scratch)]
	}
	return value
}

// fits says whether what was put in can stand there: variables of the request must add no attributes to a cookie.
func (s *substitution) fits(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return s.place == inLocation || bytes.Count(b, []byte{';'}) == s.attributes
}

// replace appends what is put in the place of the first upTo bytes of value.
func (s *substitution) replace(dst, value []byte, x *filter.Exchange) (out []byte, upTo int, ok bool) {
	if s.expression != nil {
		found := s.expression.FindSubmatchIndex(value)
		if found == nil {
			return dst, 0, false
		}
		return s.fill(dst, value, found, x), len(value), true
	}
	kept := 0
	if s.place == inDomain && len(value) > 0 && value[0] == '.' {
		kept = 1
	}
	length := len(dst)
	from := s.from.Append(dst, x)[length:]
	switch {
	case s.place == inDomain && wire.EqualFold(value[kept:], from):
	case s.place != inDomain && bytes.HasPrefix(value, from):
	default:
		return dst, 0, false
	}
	upTo = kept + len(from)
	return s.fill(append(dst, value[:kept]...), nil, nil, x), upTo, true
}

// fill appends what is put in.
func (s *substitution) fill(dst, value []byte, found []int, x *filter.Exchange) []byte {
	for i := range s.to {
		p := &s.to[i]
		switch {
		case p.group == 0:
			dst = p.text.Append(dst, x)
		case found[2*p.group] >= 0:
			dst = append(dst, value[found[2*p.group]:found[2*p.group+1]]...)
		}
	}
	return dst
}
