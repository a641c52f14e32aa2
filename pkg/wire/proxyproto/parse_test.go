package proxyproto

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"

	oracle "github.com/pires/go-proxyproto"
)

func TestParse(t *testing.T) {
	four := Header{netip.MustParseAddrPort("192.0.2.1:1234"), netip.MustParseAddrPort("198.51.100.2:443")}
	six := Header{netip.MustParseAddrPort("[2001:db8::1]:1234"), netip.MustParseAddrPort("[2001:db8::2]:443")}
	v2 := string(signature)
	for name, c := range map[string]struct {
		in   string
		want Header
		n    int
		err  error
	}{
		"version 1 with IPv4":              {"PROXY TCP4 192.0.2.1 198.51.100.2 1234 443\r\nGET /", four, 44, nil},
		"version 1 with IPv6":              {"PROXY TCP6 2001:db8::1 2001:db8::2 1234 443\r\n", six, 45, nil},
		"version 1 without addresses":      {"PROXY UNKNOWN\r\nx", Header{}, 15, nil},
		"unknown with anything":            {"PROXY UNKNOWN a b\r\n", Header{}, 19, nil},
		"a port with a zero in front":      {"PROXY TCP4 192.0.2.1 198.51.100.2 01234 443\r\n", Header{}, 0, ErrInvalid},
		"a port that is too large":         {"PROXY TCP4 192.0.2.1 198.51.100.2 1234 65536\r\n", Header{}, 0, ErrInvalid},
		"an address of the other family":   {"PROXY TCP4 2001:db8::1 2001:db8::2 1234 443\r\n", Header{}, 0, ErrInvalid},
		"an address with a zone":           {"PROXY TCP6 fe80::1%a 2001:db8::2 1234 443\r\n", Header{}, 0, ErrInvalid},
		"a line without an end":            {"PROXY " + string(bytes.Repeat([]byte("x"), 200)), Header{}, 0, ErrInvalid},
		"a line that is not complete":      {"PROXY TCP4 192.0.2.1", Header{}, 0, ErrIncomplete},
		"nothing":                          {"", Header{}, 0, ErrInvalid},
		"HTTP":                             {"GET / HTTP/1.1\r\n", Header{}, 0, ErrInvalid},
		"version 2 with IPv4":              {v2 + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\xd2\x01\xbbrest", four, 28, nil},
		"version 2 with more than that":    {v2 + "\x21\x11\x00\x0f\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\xd2\x01\xbb\x04\x00\x00", four, 31, nil},
		"version 2 of the load balancer":   {v2 + "\x20\x00\x00\x00", Header{}, 16, nil},
		"version 2 with too few addresses": {v2 + "\x21\x11\x00\x04abcd", Header{}, 0, ErrInvalid},
		"version 2 that is too long":       {v2 + "\x21\x11\xff\xff", Header{}, 0, ErrInvalid},
		"version 2 that is not complete":   {v2 + "\x21\x11\x00\x0c\xc0", Header{}, 0, ErrIncomplete},
		"version 3":                        {v2 + "\x31\x11\x00\x00", Header{}, 0, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if c.in == "" {
				c.err = ErrIncomplete
			}
			got, n, err := Parse([]byte(c.in))
			if got != c.want || n != c.n || !errors.Is(err, c.err) {
				t.Errorf("got %v, %d, %v", got, n, err)
			}
		})
	}
}

// FuzzParse compares with another implementation: what is a header here is one there,
// with the same addresses and the same length. It may take more than we do.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"PROXY TCP4 192.0.2.1 198.51.100.2 1234 443\r\nGET /", "PROXY TCP6 ::1 2001:db8::2 0 65535\r\n", "PROXY UNKNOWN\r\nx",
		string(signature) + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\xd2\x01\xbbrest", string(signature) + "\x20\x00\x00\x00",
		string(signature) + "\x21\x21\x00\x24" + string(make([]byte, 36)),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := Parse(b)
		if err != nil {
			if n != 0 || h != (Header{}) {
				t.Errorf("%v, %d beside %v", h, n, err)
			}
			return
		}
		for i := range n { // No part of a header is taken for one, nor refused.
			if _, _, err := Parse(b[:i]); !errors.Is(err, ErrIncomplete) {
				t.Fatalf("%d of %d bytes: %v", i, n, err)
			}
		}
		if !h.Source.IsValid() {
			return
		}
		r := bufio.NewReader(bytes.NewReader(b))
		want, err := oracle.Read(r)
		if err != nil {
			t.Fatalf("%q is refused elsewhere: %v", b[:n], err)
		}
		if r.Buffered() != 0 && r.Buffered() != len(b)-n && len(b) <= 4096 {
			t.Errorf("%d bytes are left elsewhere, %d here", r.Buffered(), len(b)-n)
		}
		if source, ok := want.SourceAddr.(*net.TCPAddr); ok && !same(source.AddrPort(), h.Source) {
			t.Errorf("%v here, %v there", h.Source, source)
		}
	})
}

func same(a, b netip.AddrPort) bool {
	return a.Addr().Unmap() == b.Addr().Unmap() && a.Port() == b.Port()
}
