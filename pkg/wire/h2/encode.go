package h2

import (
	"strconv"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Field sections are written without the dynamic table and without Huffman codes
// (RFC 7541): so they can be made by each stream by itself, without a lock, at
// the price of some bytes.

// Representations of fields (RFC 7541 section 6).
const (
	literal      = 0x00
	literalNever = 0x10
)

// statusIndex returns the place of ":status" with that value in the static table, 0 for none.
func statusIndex(status int) byte {
	switch status {
	case 200:
		return 8
	case 204:
		return 9
	case 206:
		return 10
	case 304:
		return 11
	case 400:
		return 12
	case 404:
		return 13
	case 500:
		return 14
	}
	return 0
}

// appendStatus appends the pseudo-header field of a response.
func appendStatus(b []byte, status int) []byte {
	if i := statusIndex(status); i != 0 {
		return append(b, 0x80|i)
	}
	b = append(b, literal|8, 3)
	return append(b, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10))
}

// nameIndex returns the place of a name in the static table, 0 for none.
func nameIndex(known wire.Known, name []byte) int {
	switch known {
	case wire.Accept:
		return 19
	case wire.ContentLength:
		return 28
	case wire.ContentType:
		return 31
	case wire.Date:
		return 33
	case wire.Location:
		return 46
	case wire.RetryAfter:
		return 53
	case wire.Server:
		return 54
	case wire.SetCookie:
		return 55
	case wire.Via:
		return 60
	case wire.Other:
		return otherNameIndex(name)
	}
	return 0
}

func otherNameIndex(name []byte) int {
	for i := range staticNames {
		if e := &staticNames[i]; len(e.name) == len(name) && wire.EqualName(name, e.name) {
			return e.index
		}
	}
	return 0
}

// staticNames are the names of the static table that responses have often and
// that are not well-known to package wire.
var staticNames = [...]struct {
	name  string
	index int
}{
	{"cache-control", 24}, {"etag", 34}, {"last-modified", 44}, {"vary", 59}, {"expires", 36}, {"age", 21},
	{"accept-ranges", 18}, {"content-encoding", 26}, {"content-range", 30}, {"content-language", 27},
	{"content-disposition", 25}, {"content-location", 29}, {"allow", 22}, {"link", 45},
	{"access-control-allow-origin", 20}, {"strict-transport-security", 56}, {"www-authenticate", 61},
}

// appendInt appends an integer with a prefix of so many bits (RFC 7541 section 5.1).
func appendInt(b []byte, first byte, bits uint, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, 0x80|byte(n))
	}
	return append(b, byte(n))
}

// appendField appends one line; false means that it must not be written.
func appendField(b []byte, f *wire.Field) ([]byte, bool) {
	value := section.Trim(f.Value)
	if !wire.IsFieldValue(value) {
		return b, false
	}
	form := byte(literal)
	if f.Known == wire.SetCookie {
		form = literalNever // RFC 7541 section 7.1.3: nobody behind us is to put it into a table.
	}
	if i := nameIndex(f.Known, f.Name); i != 0 {
		b = appendInt(b, form, 4, i)
	} else {
		if !wire.IsToken(f.Name) {
			return b, false
		}
		b = appendInt(append(b, form), 0, 7, len(f.Name))
		for _, c := range f.Name {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			b = append(b, c)
		}
	}
	b = appendInt(b, 0, 7, len(value))
	return append(b, value...), true
}

// appendResponse appends the field section of a response.
func appendResponse(b []byte, r *wire.Response) ([]byte, error) {
	if r.Status < 100 || r.Status > 999 || r.Status == 101 {
		return b, ErrInvalidHead
	}
	b = appendStatus(b, r.Status)
	// An answer without content says 0 (RFC 9110 section 8.6), unless it cannot have any.
	if r.Status >= 200 && r.Status != 204 && (r.Length > 0 || r.Length == 0 && !r.NoBody) {
		var digits [20]byte
		text := strconv.AppendInt(digits[:0], r.Length, 10)
		b = appendInt(b, literal, 4, 28)
		b = append(append(b, byte(len(text))), text...)
	}
	return appendHeader(b, &r.Header)
}

// appendHeader appends the lines of a header or trailer section.
func appendHeader(b []byte, h *wire.Header) ([]byte, error) {
	fields := h.Fields()
	for i := range fields {
		if section.OfConnection(fields[i].Known) {
			continue
		}
		var ok bool
		if b, ok = appendField(b, &fields[i]); !ok {
			return b, ErrInvalidHead
		}
	}
	return b, nil
}

// appendRequest appends the field section of a request.
func appendRequest(b []byte, scheme string, r *wire.Request) ([]byte, error) {
	if !wire.IsToken(r.Method) || !wire.IsFieldValue(r.Authority) || !wire.IsFieldValue(r.Path) || !wire.IsFieldValue(r.Query) || len(r.Path) == 0 {
		return b, ErrInvalidHead
	}
	if len(r.Upgrade) > 0 {
		return appendConnect(b, scheme, r)
	}
	switch string(r.Method) {
	case "GET":
		b = append(b, 0x82)
	case "POST":
		b = append(b, 0x83)
	default:
		b = appendText(b, 2, r.Method)
	}
	b = appendTarget(b, scheme, r)
	if r.Length > 0 || r.Length == 0 && string(r.Method) != "GET" && string(r.Method) != "HEAD" {
		var digits [20]byte
		b = appendText(b, 28, strconv.AppendInt(digits[:0], r.Length, 10))
	}
	if r.TrailersAccepted {
		b = append(b, literal, 2, 't', 'e', 8)
		b = append(b, "trailers"...)
	}
	return appendHeader(b, &r.Header)
}

// appendTarget appends ":scheme", ":authority" and ":path".
func appendTarget(b []byte, scheme string, r *wire.Request) []byte {
	if scheme == "https" {
		b = append(b, 0x87)
	} else {
		b = append(b, 0x86)
	}
	if len(r.Authority) > 0 {
		b = appendText(b, 1, r.Authority)
	}
	return appendPath(b, r)
}

func appendPath(b []byte, r *wire.Request) []byte {
	if !r.HasQuery {
		return appendText(b, 4, r.Path)
	}
	b = appendInt(b, literal, 4, 4)
	b = appendInt(b, 0, 7, len(r.Path)+1+len(r.Query))
	b = append(append(b, r.Path...), '?')
	return append(b, r.Query...)
}

// appendText appends a line of which the name stands in the static table.
func appendText(b []byte, index int, value []byte) []byte {
	b = appendInt(b, literal, 4, index)
	b = appendInt(b, 0, 7, len(value))
	return append(b, value...)
}
