package ir

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Mirror sends a copy of the request to another upstream, whose response is
// dropped (HTTPRouteFilter.requestMirror). It never delays the request or harms it.
type Mirror struct {
	// Upstream is the Key of an entry of Config.Upstreams.
	Upstream string
	// Numerator of Denominator requests are copied, by chance.
	Numerator, Denominator int
	// Host is sent as Host of the copy, empty for that which the endpoint gets.
	Host string
	// WithoutBody leaves the body out of the copy.
	WithoutBody bool
}

// IPAccess refuses clients by their address with 403.
type IPAccess struct {
	// Deny refuses; it goes before Allow.
	Deny []netip.Prefix
	// Allow admits; where it is not empty all others are refused.
	Allow []netip.Prefix
}

// Fault makes some requests slow or fail, to test those who send them.
type Fault struct {
	// Delay is added to DelayPercent of the requests.
	Delay        time.Duration
	DelayPercent int
	// AbortStatus is what AbortPercent of the requests are answered with.
	AbortStatus, AbortPercent int
}

func (*Mirror) isFilter()   {}
func (*IPAccess) isFilter() {}
func (*Fault) isFilter()    {}

func (m *Mirror) words() string {
	text := "mirror upstream=" + quote(m.Upstream) + " share=" + strconv.Itoa(m.Numerator) + "/" + strconv.Itoa(m.Denominator)
	if m.Host != "" {
		text += " host=" + quote(m.Host)
	}
	if m.WithoutBody {
		text += " without-body"
	}
	return text
}

func (a *IPAccess) words() string {
	var b strings.Builder
	b.WriteString("ip-access")
	for _, p := range a.Deny {
		b.WriteString(" deny=" + p.String())
	}
	for _, p := range a.Allow {
		b.WriteString(" allow=" + p.String())
	}
	return b.String()
}

func (f *Fault) words() string {
	text := "fault"
	if f.Delay > 0 || f.DelayPercent > 0 {
		text += " delay=" + f.Delay.String() + "@" + strconv.Itoa(f.DelayPercent) + "%"
	}
	if f.AbortStatus > 0 || f.AbortPercent > 0 {
		text += " abort=" + strconv.Itoa(f.AbortStatus) + "@" + strconv.Itoa(f.AbortPercent) + "%"
	}
	return text
}

func (v *validator) mirror(m *Mirror) {
	v.check(!strings.ContainsAny(m.Host, " /?#@\r\n\t"), "the host of a mirror is none")
	v.refer(v.upstreams, "upstream", m.Upstream)
	v.check(m.Numerator >= 0 && m.Denominator > 0 && m.Numerator <= m.Denominator, "the share of a mirror is not between 0 and 1")
}

func (v *validator) fault(f *Fault) {
	v.check(f.DelayPercent >= 0 && f.DelayPercent <= 100 && f.AbortPercent >= 0 && f.AbortPercent <= 100, "the share of a fault is not between 0 and 100")
	v.check((f.Delay > 0) == (f.DelayPercent > 0), "a fault delays by no time, or no request")
	v.check((f.AbortStatus > 0) == (f.AbortPercent > 0), "a fault aborts without a status, or no request")
	v.check(f.AbortStatus == 0 || f.AbortStatus >= 400 && f.AbortStatus <= 599, "the status of a fault is not between 400 and 599")
}
