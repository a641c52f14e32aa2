package proxy

import (
	"mime"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestPrefersJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                     false,
		"*/*":                                  false,
		"application/json":                     true,
		"application/json, */*":                false,
		"application/json, */*;q=0.5":          true,
		"text/html, application/json;q=0.9":    true,
		"text/*;q=0.9, application/*;q=0.8":    false,
		"APPLICATION/JSON;Q=1.0, text/plain":   false,
		"application/json;q=0, */*":            false,
		"application/json;q=x":                 false,
		"text/plain;q=0.2, application/*;q=.3": true,
	} {
		var h wire.Header
		h.Add("Accept", []byte(accept))
		if got := prefersJSON(&h); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}

// slowWeight says the same with the standard library's parser, for lists that it can parse.
func slowWeight(t *testing.T, accept, exact, family string) (weight int, ok bool) {
	t.Helper()
	best := 0
	for one := range strings.SplitSeq(accept, ",") {
		if strings.Count(one, "=") > 1 || strings.ContainsAny(one, "\"*'\\") && !strings.Contains(one, "/*") {
			return 0, false
		}
		media, params, err := mime.ParseMediaType(strings.ReplaceAll(one, "*", "star"))
		if err != nil || strings.Contains(strings.ToLower(one), "star") {
			return 0, false
		}
		media = strings.ReplaceAll(media, "star", "*")
		rank := map[string]int{exact: 3, family: 2, "*/*": 1}[media]
		if rank <= best {
			continue
		}
		best, weight = rank, 1000
		if q, has := params["q"]; has {
			f, err := strconv.ParseFloat(q, 64)
			if err != nil || !(f >= 0 && f <= 1) {
				f = 0
			}
			weight = int(f*1000 + 0.5)
		}
	}
	return weight, true
}

func FuzzWeight(f *testing.F) {
	f.Add("text/plain;q=0.5, application/json")
	f.Add("*/*;q=0.1,text/*")
	f.Fuzz(func(t *testing.T, accept string) {
		got := weight([]byte(accept), "text/plain", "text/*")
		if got < 0 || got > 1000 {
			t.Fatalf("weight %d", got)
		}
		if want, ok := slowWeight(t, accept, "text/plain", "text/*"); ok && got != want {
			t.Fatalf("weight %d, not %d", got, want)
		}
	})
}

func FuzzForwardedFor(f *testing.F) {
	f.Add("1.2.3.4, 10.0.0.1", "")
	f.Add("1.2.3.4", "[::1]:80 , 10.0.0.2")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::/64")}
	peer := netip.MustParseAddrPort("10.0.0.9:1234")
	f.Fuzz(func(t *testing.T, first, second string) {
		x := newExchange()
		x.proxy = &Proxy{trusted: trusted}
		x.client = peer
		x.req.Header.Add("X-Forwarded-For", []byte(first))
		x.req.Header.Add("X-Forwarded-For", []byte(second))
		x.believe()
		// The slow way: all of it as one list, from the end.
		want := peer
		list := strings.Split(first+","+second, ",")
		for i := len(list) - 1; i >= 0; i-- {
			one := strings.TrimSpace(list[i])
			if one == "" && (list[i] == first || list[i] == second) {
				continue // An empty line.
			}
			at, err := netip.ParseAddrPort(one)
			if addr, addrErr := netip.ParseAddr(one); addrErr == nil {
				at, err = netip.AddrPortFrom(addr, 0), nil
			}
			if err != nil {
				break
			}
			want = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
			if !x.proxy.trusts(want.Addr()) {
				break
			}
		}
		if x.client != want {
			t.Fatalf("%q, %q: client %v, not %v", first, second, x.client, want)
		}
	})
}
