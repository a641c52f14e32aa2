package settings

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// The keys of a Secret with what tokens are verified with.
const (
	JWKSKey = "jwks"
	PEMKey  = "pem"
	HMACKey = "hmac"
)

var (
	sharedAlgorithms = []string{"HS256", "HS384", "HS512"}
	publicAlgorithms = []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}
	// usualAlgorithms are those of public keys where none is named.
	usualAlgorithms = []string{"ES256", "EdDSA", "PS256", "RS256"}
)

// jwt returns the filter. Without keys nobody may pass, so the route is answered 500.
func (f *filters) jwt(s *v1alpha1.JWTFilter, at resolve.Place) ir.Filter {
	out := &ir.JWT{
		Keys:    f.tokenKeys(&s.Keys, at.At(".keys")),
		Issuers: slices.Sorted(slices.Values(s.Issuers)), Audiences: slices.Sorted(slices.Values(s.Audiences)),
		Leeway:    f.span(cmp.Or(s.Leeway, "30s"), 0, 10*time.Minute, at.At(".leeway")),
		Principal: cmp.Or(s.Principal, "sub"), Realm: cmp.Or(s.Realm, "Restricted"), Optional: s.Optional, Forward: s.Forward,
	}
	if strings.ContainsAny(out.Realm, "\"\\\r\n") {
		f.refuse(at.At(".realm"), "%q cannot stand in a header", s.Realm)
	}
	out.Algorithms = f.algorithms(s.Algorithms, len(out.Keys.HMAC) > 0, at.At(".algorithms"))
	for i := range s.From {
		out.From = append(out.From, f.tokenSource(&s.From[i], at.At(".from["+strconv.Itoa(i)+"]")))
	}
	if len(s.From) == 0 {
		out.From = []ir.TokenSource{{Kind: ir.TokenHeader, Name: "Authorization", Prefix: "Bearer "}}
	}
	for i, h := range s.ClaimsToHeaders {
		at := at.At(".claimsToHeaders[" + strconv.Itoa(i) + "]")
		f.headerName(h.Header, at.At(".header"))
		if h.Claim == "" {
			f.refuse(at.At(".claim"), "the claim has no name")
		}
		out.Headers = append(out.Headers, ir.ClaimHeader{Name: h.Header, Claim: h.Claim})
	}
	return out
}

// span returns a duration between two bounds.
func (f *filters) span(text string, least, most time.Duration, at resolve.Place) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		f.refuse(at, "%q is no duration from %s to %s", text, least, most)
		return least
	}
	return d
}

func (f *filters) algorithms(list []v1alpha1.JWTAlgorithm, shared bool, at resolve.Place) []string {
	known, names := publicAlgorithms, usualAlgorithms
	if shared {
		known, names = sharedAlgorithms, sharedAlgorithms[:1]
	}
	if len(list) == 0 {
		return slices.Clone(names)
	}
	var out []string
	for i, a := range list {
		if !slices.Contains(known, string(a)) {
			f.refuse(at.At("["+strconv.Itoa(i)+"]"), "the algorithm %q does not fit the keys, which are good for %s", a, strings.Join(known, ", "))
			continue
		}
		out = append(out, string(a))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (f *filters) tokenSource(s *v1alpha1.JWTSource, at resolve.Place) ir.TokenSource {
	switch {
	case s.Header != "" && s.Cookie == "" && s.Query == "":
		f.headerName(s.Header, at.At(".header"))
		return ir.TokenSource{Kind: ir.TokenHeader, Name: s.Header, Prefix: s.Prefix}
	case s.Cookie != "" && s.Header == "" && s.Query == "" && s.Prefix == "":
		return ir.TokenSource{Kind: ir.TokenCookie, Name: s.Cookie}
	case s.Query != "" && s.Header == "" && s.Cookie == "" && s.Prefix == "":
		return ir.TokenSource{Kind: ir.TokenQuery, Name: s.Query}
	}
	f.refuse(at, "not exactly one of header, cookie and query is set, or a prefix without header")
	return ir.TokenSource{}
}

// tokenKeys returns what signatures are verified with.
func (f *filters) tokenKeys(s *v1alpha1.JWTKeys, at resolve.Place) ir.TokenKeys {
	var out ir.TokenKeys
	switch {
	case (s.URL != "") == (s.SecretName != ""):
		f.refuse(at, "exactly one of url and secretName must be set")
	case s.URL != "":
		f.keysOfURL(&out, s, at)
	default:
		f.keysOfSecret(&out, s.SecretName, at.At(".secretName"))
	}
	return out
}

func (f *filters) keysOfURL(out *ir.TokenKeys, s *v1alpha1.JWTKeys, at resolve.Place) {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		f.refuse(at.At(".url"), "%q is no URL of http or https", s.URL)
		return
	case u.Scheme == "http":
		f.Facts.Warnf(at.Origin, at.Field+".url", report.EndpointsNotVerified,
			"the keys are fetched in clear text; whoever is in between can make tokens that are accepted")
	}
	out.URL = s.URL
	out.Refresh = f.span(cmp.Or(s.Refresh, "5m"), 10*time.Second, 24*time.Hour, at.At(".refresh"))
	if s.CASecretName == "" {
		return
	}
	cas, fault := f.SecretCAs(types.NamespacedName{Namespace: at.Origin.Namespace, Name: s.CASecretName})
	if fault != (resolve.Fault{}) {
		f.sound = false
		f.Facts.Errorf(at.Origin, at.Field+".caSecretName", fault.Reason, "%s, so %s", fault.Message, broken)
	}
	out.CAs = cas
}

func (f *filters) keysOfSecret(out *ir.TokenKeys, name string, at resolve.Place) {
	secret, full := f.secret(name, at)
	if secret == nil {
		return
	}
	kinds := 0
	for _, key := range []string{JWKSKey, PEMKey, HMACKey} {
		if len(secret.Data[key]) > 0 {
			kinds++
		}
	}
	if kinds != 1 {
		f.missing(at, "the Secret \""+full+"\" has not exactly one of the keys jwks, pem and hmac")
		return
	}
	out.JWKS, out.PEM, out.HMAC = string(secret.Data[JWKSKey]), string(secret.Data[PEMKey]), secret.Data[HMACKey]
}
