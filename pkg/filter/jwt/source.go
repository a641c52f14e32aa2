package jwt

import (
	"bytes"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// place is where a token was found.
type place struct{ *ir.TokenSource }

// find returns the token from the first place that has one, nil where none has.
func (f *Filter) find(x *filter.Exchange) ([]byte, place) {
	for i := range f.spec.From {
		p := place{&f.spec.From[i]}
		if token := p.find(x); len(token) > 0 {
			return token, p
		}
	}
	return nil, place{}
}

func (p place) find(x *filter.Exchange) []byte {
	switch p.Kind {
	case ir.TokenHeader:
		return afterPrefix(x.Request.Header.Get(p.Name), p.Prefix)
	case ir.TokenCookie:
		return filter.Cookie(&x.Request.Header, p.Name)
	case ir.TokenQuery:
		return filter.Member(x.Request.Query, '&', p.Name)
	}
	return nil
}

// afterPrefix returns what stands behind a prefix, which counts in any case; nil without it.
func afterPrefix(value []byte, prefix string) []byte {
	if len(value) < len(prefix) || !wire.EqualName(value[:len(prefix)], prefix) {
		return nil
	}
	return bytes.TrimSpace(value[len(prefix):])
}

// remove takes the token out of the request, so that the endpoint does not get it.
func (p place) remove(x *filter.Exchange) {
	switch p.Kind {
	case ir.TokenHeader:
		x.Request.Header.Del(p.Name)
	case ir.TokenCookie:
		p.removeCookie(x)
	case ir.TokenQuery:
		x.Request.Query = without(nil, x.Request.Query, '&', "&", p.Name)
		x.Request.HasQuery = len(x.Request.Query) > 0
	}
}

// removeCookie writes the cookies anew, as one line, without those of the name.
func (p place) removeCookie(x *filter.Exchange) {
	var kept []byte
	for _, field := range x.Request.Header.Fields() {
		if field.Known == wire.Cookie {
			kept = without(kept, field.Value, ';', "; ", p.Name)
		}
	}
	x.Request.Header.DelKnown(wire.Cookie)
	if len(kept) > 0 {
		x.Request.Header.AddKnown(wire.Cookie, kept)
	}
}

// without appends the members of a list apart from those of the name.
func without(dst, list []byte, separator byte, joint, name string) []byte {
	for len(list) > 0 {
		var one []byte
		one, list, _ = bytes.Cut(list, []byte{separator})
		one = bytes.TrimSpace(one)
		if key, _, _ := bytes.Cut(one, []byte{'='}); string(key) == name || len(one) == 0 {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, joint...)
		}
		dst = append(dst, one...)
	}
	return dst
}
