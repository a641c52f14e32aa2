package filter

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// variables append the value of what a text may name in braces.
var variables = map[string]func(dst []byte, x *Exchange) []byte{
	"host":       func(dst []byte, x *Exchange) []byte { return append(dst, x.Host...) },
	"path":       func(dst []byte, x *Exchange) []byte { return append(dst, x.Path...) },
	"method":     func(dst []byte, x *Exchange) []byte { return append(dst, x.Request.Method...) },
	"query":      func(dst []byte, x *Exchange) []byte { return append(dst, x.Request.Query...) },
	"port":       func(dst []byte, x *Exchange) []byte { return strconv.AppendUint(dst, uint64(x.Port), 10) },
	"client_ip":  func(dst []byte, x *Exchange) []byte { return appendAddr(dst, x.Client.Addr()) },
	"request_id": func(dst []byte, x *Exchange) []byte { return append(dst, x.RequestID...) },
	"route":      func(dst []byte, x *Exchange) []byte { return append(dst, x.Route...) },
	"principal":  func(dst []byte, x *Exchange) []byte { return append(dst, x.Principal...) },
	"status": func(dst []byte, x *Exchange) []byte {
		if x.Status == 0 {
			return dst
		}
		return strconv.AppendInt(dst, int64(x.Status), 10)
	},
	"status_text": func(dst []byte, x *Exchange) []byte {
		if x.Status == 0 {
			return dst
		}
		return append(dst, wire.StatusText(x.Status)...)
	},
	"authority":   func(dst []byte, x *Exchange) []byte { return append(dst, x.Authority...) },
	"uri":         appendURI,
	"uri.escaped": func(dst []byte, x *Exchange) []byte { return appendEscaped(dst, appendURI(nil, x)) },
	"version":     func(dst []byte, x *Exchange) []byte { return append(dst, x.Version...) },
	"tls.sni":     func(dst []byte, x *Exchange) []byte { return append(dst, x.ServerName...) },
	"tls.issuer":  func(dst []byte, x *Exchange) []byte { return append(dst, x.Issuer...) },
	"tls.client":  appendVerdict,
	"tls.certificate": func(dst []byte, x *Exchange) []byte {
		if len(x.Certificate) == 0 {
			return dst
		}
		return appendEscaped(dst, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Certificate}))
	},
	"tls.subject": func(dst []byte, x *Exchange) []byte { return append(dst, x.Subject...) },
	"scheme": func(dst []byte, x *Exchange) []byte {
		if x.Secure {
			return append(dst, "https"...)
		}
		return append(dst, "http"...)
	},
}

// variable returns what appends the value of a name, nil for an unknown one.
func variable(name string) func(dst []byte, x *Exchange) []byte {
	if claim, ok := strings.CutPrefix(name, "claim."); ok && claim != "" {
		return func(dst []byte, x *Exchange) []byte {
			text, _ := x.Claims.Text(claim)
			return append(dst, text...)
		}
	}
	for _, kind := range []struct {
		prefix string
		value  func(x *Exchange, name string) []byte
	}{
		{"header.", func(x *Exchange, name string) []byte { return x.Request.Header.Get(name) }},
		{"cookie.", func(x *Exchange, name string) []byte { return Cookie(&x.Request.Header, name) }},
		{"query.", func(x *Exchange, name string) []byte { return Member(x.Request.Query, '&', name) }},
	} {
		if rest, ok := strings.CutPrefix(name, kind.prefix); ok && rest != "" {
			return func(dst []byte, x *Exchange) []byte { return append(dst, kind.value(x, rest)...) }
		}
	}
	return variables[name]
}

// appendVerdict says SUCCESS where the client has a certificate that was checked, else NONE.
func appendVerdict(dst []byte, x *Exchange) []byte {
	if len(x.Certificate) > 0 {
		return append(dst, "SUCCESS"...)
	}
	return append(dst, "NONE"...)
}

// appendURI appends path and query as they came.
func appendURI(dst []byte, x *Exchange) []byte {
	dst = append(dst, x.Path...)
	if x.Request.HasQuery {
		dst = append(append(dst, '?'), x.Request.Query...)
	}
	return dst
}

// appendEscaped appends what is no unreserved character by its percent-encoding (RFC 3986 section 2.3).
func appendEscaped(dst, s []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// Cookie returns the value of the first cookie of a name, nil for none.
func Cookie(h *wire.Header, name string) []byte {
	for _, field := range h.Fields() {
		if field.Known == wire.Cookie {
			if value := Member(field.Value, ';', name); value != nil {
				return value
			}
		}
	}
	return nil
}

// Member returns the value of the first member of a list of name=value, nil for none.
func Member(list []byte, separator byte, name string) []byte {
	for len(list) > 0 {
		var one []byte
		one, list, _ = bytes.Cut(list, []byte{separator})
		if key, value, found := bytes.Cut(bytes.TrimSpace(one), []byte{'='}); found && string(key) == name {
			return value
		}
	}
	return nil
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return dst
	}
	return a.AppendTo(dst)
}

// Variables lists the names that a Text may hold in braces, sorted, apart from "claim.NAME" for each
// claim of the client's token.
func Variables() []string { return slices.Sorted(maps.Keys(variables)) }

// Text is a text with variables, ready to be filled in. It never changes.
type Text struct{ parts []textPart }

// textPart is a literal, or where value is set a variable.
type textPart struct {
	literal string
	value   func(dst []byte, x *Exchange) []byte
}

// ParseText reads a text in which "{name}" stands for a variable and "{{" for a
// brace. The error names what is wrong.
func ParseText(s string) (Text, error) {
	var t Text
	for s != "" {
		literal, rest, found := strings.Cut(s, "{")
		if !found {
			t.add(s)
			break
		}
		if after, ok := strings.CutPrefix(rest, "{"); ok {
			t.add(literal + "{")
			s = after
			continue
		}
		t.add(literal)
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return Text{}, errors.New(`a "{" without "}" (write "{{" for a brace)`)
		}
		value := variable(name)
		if value == nil {
			return Text{}, fmt.Errorf("there is no variable {%s}; known are claim.NAME, header.NAME, cookie.NAME, query.NAME, %s", name, strings.Join(Variables(), ", "))
		}
		t.parts = append(t.parts, textPart{value: value})
		s = after
	}
	return t, nil
}

func (t *Text) add(literal string) {
	if literal == "" {
		return
	}
	if n := len(t.parts); n > 0 && t.parts[n-1].value == nil {
		t.parts[n-1].literal += literal
		return
	}
	t.parts = append(t.parts, textPart{literal: literal})
}

// Append appends the text as it reads for one exchange.
func (t *Text) Append(dst []byte, x *Exchange) []byte {
	for i := range t.parts {
		if p := &t.parts[i]; p.value != nil {
			dst = p.value(dst, x)
		} else {
			dst = append(dst, p.literal...)
		}
	}
	return dst
}
