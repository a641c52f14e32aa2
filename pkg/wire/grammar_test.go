package wire

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

// The oracles say the same as the functions, in the words of a grammar.
var (
	tokenGrammar = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$")
	valueGrammar = regexp.MustCompile(`^[\t\x20-\x7e\x80-\xff]*$`)
	pathGrammar  = regexp.MustCompile(`^/(?:[!"$&->@-\[\]-~]|%[0-9a-fA-F]{2})*$`)
	queryGrammar = regexp.MustCompile(`^[!"$-~]*$`)
	hostGrammar  = regexp.MustCompile(`^([-._~0-9A-Za-z]{1,255}|\[([0-9A-Fa-f:.]*)\])(?::(0*[1-9][0-9]*))?$`)
)

// latin makes a string of code points out of bytes, for regexp works on UTF-8.
func latin(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

func isAuthority(b []byte) bool {
	m := hostGrammar.FindStringSubmatch(latin(b))
	if m == nil || len(m[3]) > 5 || len(m[3]) == 5 && m[3] > "65535" {
		return false
	}
	if b[0] != '[' {
		return true
	}
	addr, err := netip.ParseAddr(m[2])
	return err == nil && addr.Is6()
}

func compareGrammar(t *testing.T, b []byte) {
	s := latin(b)
	for _, c := range []struct {
		name      string
		got, want bool
	}{
		{"IsToken", IsToken(b), tokenGrammar.MatchString(s)},
		{"IsFieldValue", IsFieldValue(b), valueGrammar.MatchString(s)},
		{"IsPath", IsPath(b), pathGrammar.MatchString(s) && !strings.Contains(s, "%00")},
		{"IsQuery", IsQuery(b), queryGrammar.MatchString(s)},
		{"IsAuthority", IsAuthority(b), isAuthority(b)},
	} {
		if c.got != c.want {
			t.Errorf("%s(%q) is %v", c.name, b, c.got)
		}
	}
}

func TestGrammarOfEachByteInEachPlace(t *testing.T) {
	for c := range 256 {
		for _, around := range []string{"", "/", "a", "/%4", "/%", "12345678", "[::", "a.example:8"} {
			for at := range len(around) + 1 {
				compareGrammar(t, []byte(around[:at]+string([]byte{byte(c)})+around[at:]))
			}
		}
		for at := range 24 { // all places in a word of eight bytes
			b := []byte(strings.Repeat("a", 24))
			b[at] = byte(c)
			compareGrammar(t, b)
		}
	}
}

func FuzzGrammar(f *testing.F) {
	for _, s := range []string{
		"", "a", "/a%20b?c", "/%00", "/%2", "a.example:80", "a.example:65536", "a:00001", "[::1]:443", "[::ffff:192.0.2.1]", "[fe80::1%eth0]",
		"a\tb\x7f", "\x80\x1f12345678", "/a/{b}|c", "X-Name_1", "[]", "[", "]:1", "a:b:1", "/%0%00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(compareGrammar)
}

func TestSplitPort(t *testing.T) {
	for authority, want := range map[string][2]string{
		"a.example":    {"a.example", "-"},
		"a.example:80": {"a.example", "80"},
		"a.example:":   {"a.example", ""},
		"[::1]":        {"[::1]", "-"},
		"[::1]:80":     {"[::1]", "80"},
		"":             {"", "-"},
	} {
		host, port, ok := SplitPort([]byte(authority))
		if !ok {
			port = []byte("-")
		}
		if string(host) != want[0] || string(port) != want[1] {
			t.Errorf("%q splits into %q and %q", authority, host, port)
		}
	}
}

func TestStatusTexts(t *testing.T) {
	for status, want := range map[int]string{100: "Continue", 200: "OK", 404: "Not Found", 511: "Network Authentication Required", 299: "", 0: "", -1: "", 999: ""} {
		if got := StatusText(status); got != want {
			t.Errorf("%d is %q, want %q", status, got, want)
		}
	}
}
