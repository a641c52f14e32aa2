package settings

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// sessionName is the default of the CRD.
const sessionName = "sluice-session"

// cookiePath is what may stand as the path of a cookie.
var cookiePath = regexp.MustCompile(`^/[A-Za-z0-9._~!$&'()*+:@%/-]{0,255}$`)

// sticky returns how sessions keep to their endpoints.
func (r *Reader) sticky(spec *v1alpha1.BalanceSticky, at resolve.Place) ir.Sticky {
	out := ir.Sticky{Name: cmp.Or(spec.Name, sessionName)}
	if !token.MatchString(out.Name) {
		r.refuseBalance(at.At(".name"), "is no name of a cookie or header field")
	}
	if spec.Lifetime != "" {
		var err error
		if out.Lifetime, err = time.ParseDuration(spec.Lifetime); err != nil || out.Lifetime < time.Second {
			r.refuseBalance(at.At(".lifetime"), "is no duration of at least 1s")
		}
	}
	switch spec.Source {
	case v1alpha1.StickyByHeader:
		out.Source, out.Name = ir.StickyHeader, strings.ToLower(out.Name)
		if ir.ManagedHeader(out.Name) {
			r.refuseBalance(at.At(".name"), "is a field that belongs to the connection or the framing of the message")
		}
		if spec.Cookie != nil {
			r.refuseBalance(at.At(".cookie"), "is there without need, as a header carries the sessions")
		}
		return out
	case v1alpha1.StickyByCookie, "":
		out.Source, out.Permanent = ir.StickyCookie, out.Lifetime > 0
	default:
		r.refuseBalance(at.At(".source"), "is neither Cookie nor Header")
	}
	cookie := spec.Cookie
	if cookie == nil {
		cookie = &v1alpha1.StickyCookie{}
	}
	r.cookie(&out, cookie, at.At(".cookie"))
	return out
}

// cookie fills in the attributes of the cookie.
func (r *Reader) cookie(out *ir.Sticky, spec *v1alpha1.StickyCookie, at resolve.Place) {
	out.Path = cmp.Or(spec.Path, "/")
	if !cookiePath.MatchString(out.Path) {
		r.refuseBalance(at.At(".path"), "is no path of a cookie")
	}
	switch out.SameSite = cmp.Or(string(spec.SameSite), "Lax"); out.SameSite {
	case "Strict", "Lax", "None":
	default:
		r.refuseBalance(at.At(".sameSite"), "is none of Strict, Lax and None")
	}
	switch spec.Secure {
	case v1alpha1.SecureAuto, "":
	case v1alpha1.SecureAlways:
		out.Secure = ir.SecureAlways
	case v1alpha1.SecureNever:
		out.Secure = ir.SecureNever
	default:
		r.refuseBalance(at.At(".secure"), "is none of Auto, Always and Never")
	}
	if out.SameSite == "None" && out.Secure == ir.SecureNever {
		r.refuseBalance(at.At(".secure"), "is Never, without which no browser takes a cookie with sameSite None")
	}
	out.Readable = spec.HTTPOnly != nil && !*spec.HTTPOnly
}
