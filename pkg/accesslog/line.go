package accesslog

import (
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"
)

// line is one line under construction.
type line struct {
	buf []byte
	// second and stamp are the last time written, to the second: most lines of a
	// busy process share it.
	second int64
	stamp  [len("2006-01-02T15:04:05")]byte
}

// maxKept bounds the buffer that a line keeps for the next one.
const maxKept = 64 << 10

func (l *line) reset() {
	if cap(l.buf) > maxKept {
		l.buf = nil
	}
	l.buf = l.buf[:0]
}

func (l *line) raw(s string) { l.buf = append(l.buf, s...) }

func (l *line) int(n int64) { l.buf = strconv.AppendInt(l.buf, n, 10) }

// time appends t in UTC with milliseconds (RFC 3339).
func (l *line) time(t time.Time) {
	second := t.Unix()
	if second != l.second || l.stamp[0] == 0 {
		l.second = second
		copy(l.stamp[:], t.UTC().AppendFormat(l.stamp[:0], "2006-01-02T15:04:05"))
	}
	l.buf = append(l.buf, l.stamp[:]...)
	millis := t.Nanosecond() / int(time.Millisecond)
	l.buf = append(l.buf, '.', byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10), 'Z')
}

// seconds appends a duration as seconds with six decimals.
func (l *line) seconds(d time.Duration) {
	micros := max(d, 0).Microseconds()
	l.int(micros / 1e6)
	digits := [...]byte{'.', '0', '0', '0', '0', '0', '0'}
	rest := uint32(micros % 1e6)
	for i := len(digits) - 1; rest > 0; i-- {
		digits[i] = byte('0' + rest%10)
		rest /= 10
	}
	l.buf = append(l.buf, digits[:]...)
}

// address appends an address with its port; nothing where there is none.
func (l *line) address(a netip.AddrPort) {
	if a.IsValid() {
		l.buf = a.AppendTo(l.buf)
	}
}

// plain says which bytes may stand in a quoted string as they are.
var plain = func() (p [256]bool) {
	for c := range p {
		p[c] = c >= 0x20 && c < 0x7f && c != '"' && c != '\\'
	}
	return p
}()

const hexDigits = "0123456789abcdef"

// quoted appends s in quotes, so that it is a JSON string (RFC 8259 section 7)
// and shows no control character: what is not plain or printable becomes \uXXXX,
// a byte that is not UTF-8 becomes U+FFFD.
func quoted[S []byte | string](l *line, s S) {
	l.buf = append(l.buf, '"')
	escaped(l, s)
	l.buf = append(l.buf, '"')
}

// escaped is quoted without the quotes.
func escaped[S []byte | string](l *line, s S) {
	from := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		l.buf = append(l.buf, s[from:i]...)
		size := 1
		switch c := s[i]; {
		case c == '"' || c == '\\':
			l.buf = append(l.buf, '\\', c)
		case c < utf8.RuneSelf:
			l.buf = append(l.buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			var r rune
			r, size = decode(s[i:])
			l.rune(r)
		}
		i += size
		from = i
	}
	l.buf = append(l.buf, s[from:]...)
}

// decode returns the first character of s without copying s.
func decode[S []byte | string](s S) (rune, int) {
	var b [utf8.UTFMax]byte
	return utf8.DecodeRune(b[:copy(b[:], s)])
}

// rune appends a character beyond ASCII. C1 controls, separators of lines and
// directions of writing are escaped: a terminal or a viewer would act on them.
func (l *line) rune(r rune) {
	switch {
	case r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		l.buf = append(l.buf, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
	default:
		l.buf = utf8.AppendRune(l.buf, r)
	}
}
