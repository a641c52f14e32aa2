package filter

import (
	"bytes"
	"strings"
)

// Content is the content of an answer: a text whose variables are filled in so that no value can be
// taken for more than a text. It never changes.
type Content struct {
	// fixed is what a text without variables comes to.
	fixed []byte
	text  Text
	// escape appends a value so that it is a text in the content's type; nil appends it as it is.
	escape func(dst, value []byte) []byte
}

// NewContent reads a Text (ParseText) of a media type. Values are escaped in HTML, XML, JSON
// and JavaScript (within a string); in all other types they stand as they are.
func NewContent(text, contentType string) (Content, error) {
	t, err := ParseText(text)
	if err != nil {
		return Content{}, err
	}
	c := Content{text: t, escape: escapeFor(contentType)}
	if !t.varies() {
		c.fixed = t.Append(nil, nil)
	}
	return c, nil
}

// For returns the content for one exchange. It must not be changed.
func (c *Content) For(x *Exchange) []byte {
	if !c.text.varies() {
		return c.fixed
	}
	if c.escape == nil {
		return c.text.Append(nil, x)
	}
	var out, value []byte
	for i := range c.text.parts {
		p := &c.text.parts[i]
		if p.value == nil {
			out = append(out, p.literal...)
			continue
		}
		value = p.value(value[:0], x)
		out = c.escape(out, value)
	}
	return out
}

// varies says whether the text has a variable.
func (t *Text) varies() bool {
	for i := range t.parts {
		if t.parts[i].value != nil {
			return true
		}
	}
	return false
}

func escapeFor(contentType string) func(dst, value []byte) []byte {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	media = strings.TrimSpace(media)
	switch {
	case media == "text/html", strings.HasSuffix(media, "/xml"), strings.HasSuffix(media, "+xml"):
		return escapeMarkup
	case strings.HasSuffix(media, "/json"), strings.HasSuffix(media, "+json"), strings.HasSuffix(media, "javascript"):
		return escapeString
	}
	return nil
}

// escapeMarkup appends a value so that it is a text in HTML and XML, inside an attribute too.
func escapeMarkup(dst, value []byte) []byte {
	for _, c := range value {
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		case '`':
			dst = append(dst, "&#96;"...)
		default:
			if c < ' ' && c != '\t' || c == 0x7f {
				c = ' '
			}
			dst = append(dst, c)
		}
	}
	return dst
}

// escapeString appends a value so that it is a part of a string of JSON (RFC 8259 section 7), which
// ends no element of HTML either.
func escapeString(dst, value []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range bytes.ToValidUTF8(value, []byte("\uFFFD")) {
		switch {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ', c == 0x7f, c == '<', c == '>', c == '&', c == '\'', c == '`':
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
