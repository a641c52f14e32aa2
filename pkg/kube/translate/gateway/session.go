package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// sessionName is what the name of a cookie and of a header may be.
var sessionName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// session returns how the sessions of a rule keep to their endpoint. What is invalid is
// reported, and there are none.
func (b *ruleBuilder) session(spec *gatewayv1.SessionPersistence, id string, at resolve.Place) ir.Sticky {
	if spec == nil {
		return ir.Sticky{}
	}
	before := b.Facts.Len()
	refuse := func(field, problem string) {
		b.Facts.Errorf(at.Origin, at.Field+field, report.Unsupported, "the value %s, so the rule is served without sessions", problem)
	}
	out := ir.Sticky{Name: deref(spec.SessionName, "")}
	if out.Name == "" {
		sum := sha256.Sum256([]byte(id))
		out.Name = "sluice-" + hex.EncodeToString(sum[:6])
	}
	if !sessionName.MatchString(out.Name) {
		refuse(".sessionName", "is no name of a cookie or header")
	}
	if d, said := b.duration(spec.AbsoluteTimeout, at.At(".absoluteTimeout")); said {
		out.Lifetime = d
	}
	switch deref(spec.Type, gatewayv1.CookieBasedSessionPersistence) {
	case gatewayv1.CookieBasedSessionPersistence:
		out.Source, out.Path = ir.StickyCookie, "/"
	case gatewayv1.HeaderBasedSessionPersistence:
		out.Source, out.Name = ir.StickyHeader, strings.ToLower(out.Name)
	default:
		refuse(".type", "is neither Cookie nor Header")
	}
	if spec.CookieConfig != nil && deref(spec.CookieConfig.LifetimeType, gatewayv1.SessionCookieLifetimeType) == gatewayv1.PermanentCookieLifetimeType {
		out.Permanent = true
		if out.Source != ir.StickyCookie || out.Lifetime == 0 {
			refuse(".cookieConfig.lifetimeType", "needs a cookie and an absoluteTimeout")
		}
	}
	if b.Facts.Len() != before {
		return ir.Sticky{}
	}
	return out
}
