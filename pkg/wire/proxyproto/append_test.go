package proxyproto

import (
	"bufio"
	"bytes"
	"net"
	"net/netip"
	"testing"

	oracle "github.com/pires/go-proxyproto"
)

func TestAppend(t *testing.T) {
	four := Header{netip.MustParseAddrPort("192.0.2.1:1234"), netip.MustParseAddrPort("198.51.100.2:443")}
	mixed := Header{netip.MustParseAddrPort("192.0.2.1:1234"), netip.MustParseAddrPort("[2001:db8::2]:443")}
	for name, tt := range map[string]struct {
		version uint8
		h       Header
		info    Info
		want    string
	}{
		"version 1 with IPv4":          {1, four, Info{ServerName: "x"}, "PROXY TCP4 192.0.2.1 198.51.100.2 1234 443\r\n"},
		"version 1 with both":          {1, mixed, Info{}, "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1234 443\r\n"},
		"version 1 of the proxy's own": {1, Header{}, Info{}, "PROXY UNKNOWN\r\n"},
		"version 2 with IPv4":          {2, four, Info{}, string(signature) + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\xd2\x01\xbb"},
		"version 2 with a name":        {2, four, Info{ServerName: "a.b", Protocol: "h2"}, string(signature) + "\x21\x11\x00\x17\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\xd2\x01\xbb\x01\x00\x02h2\x02\x00\x03a.b"},
		"version 2 of the proxy's own": {2, Header{Source: four.Source}, Info{ServerName: "x"}, string(signature) + "\x20\x00\x00\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Append([]byte("+"), tt.version, tt.h, tt.info); string(got) != "+"+tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// FuzzAppend reads what is written, by ourselves and by another implementation.
func FuzzAppend(f *testing.F) {
	f.Add(uint8(1), []byte{192, 0, 2, 1}, []byte{198, 51, 100, 2}, uint16(1), uint16(443), "a.example", "h2")
	f.Add(uint8(2), bytes.Repeat([]byte{1}, 16), []byte{198, 51, 100, 2}, uint16(1), uint16(443), "a.example", "")
	f.Fuzz(func(t *testing.T, version uint8, from, to []byte, fromPort, toPort uint16, name, protocol string) {
		version = 1 + version%2
		source, ok := netip.AddrFromSlice(from)
		destination, also := netip.AddrFromSlice(to)
		if !ok || !also {
			return
		}
		h := Header{netip.AddrPortFrom(source, fromPort), netip.AddrPortFrom(destination, toPort)}
		b := append(Append(nil, version, h, Info{ServerName: name, Protocol: protocol}), "rest"...)
		got, n, err := Parse(b)
		if err != nil || n != len(b)-4 || !same(got.Source, h.Source) || !same(got.Destination, h.Destination) {
			t.Fatalf("%q: got %v, %d, %v", b, got, n, err)
		}
		r := bufio.NewReader(bytes.NewReader(b))
		want, err := oracle.Read(r)
		if err != nil {
			t.Fatalf("%q is refused elsewhere: %v", b, err)
		}
		if source, ok := want.SourceAddr.(*net.TCPAddr); !ok || !same(source.AddrPort(), h.Source) {
			t.Errorf("%v is read elsewhere", want.SourceAddr)
		}
		if version == 2 && name != "" && len(name) <= maxInfo {
			tlvs, err := want.TLVs()
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, tlv := range tlvs {
				found = found || tlv.Type == oracle.PP2_TYPE_AUTHORITY && string(tlv.Value) == name
			}
			if !found {
				t.Errorf("the name is not read elsewhere: %v", tlvs)
			}
		}
	})
}
