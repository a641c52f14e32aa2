package settings

import (
	"bytes"
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// usersKey is the key of the Secret, as ingress-nginx has it.
const usersKey = "auth"

// basicAuth returns the filter. Without its users nobody may pass, so the route is answered 500.
func (f *filters) basicAuth(s *v1alpha1.BasicAuthFilter, at resolve.Place) ir.Filter {
	out := &ir.BasicAuth{Realm: cmp.Or(s.Realm, "Restricted")}
	if strings.ContainsAny(out.Realm, "\"\\\r\n") {
		f.refuse(at.At(".realm"), "%q cannot stand in a header", s.Realm)
	}
	name := types.NamespacedName{Namespace: at.Origin.Namespace, Name: s.SecretName}
	secret := f.Snapshot.Secret(name)
	switch {
	case secret == nil:
		f.missing(at.At(".secretName"), "there is no Secret \""+name.String()+"\"")
	case len(secret.Data[usersKey]) == 0:
		f.missing(at.At(".secretName"), "the Secret \""+name.String()+"\" has no users in the key \""+usersKey+"\"")
	default:
		out.Users = secret.Data[usersKey]
	}
	return out
}

// TokensType is the type of a Secret whose keys are names and whose values are tokens.
const TokensType = "sluice.dev/tokens"

// bearerAuth returns the filter. Each key of the Secret is a name, and its value a token.
func (f *filters) bearerAuth(s *v1alpha1.BearerAuthFilter, at resolve.Place) ir.Filter {
	out := &ir.BearerAuth{Realm: cmp.Or(s.Realm, "Restricted"), Forward: s.Forward}
	if strings.ContainsAny(out.Realm, "\"\\\r\n") {
		f.refuse(at.At(".realm"), "%q cannot stand in a header", s.Realm)
	}
	at = at.At(".secretName")
	secret, name := f.secret(s.SecretName, at)
	switch {
	case secret == nil:
		return out
	case secret.Type != TokensType:
		// Of other Secrets not all keys are known.
		f.refuse(at, "the Secret %q is not of the type %s", name, TokensType)
		return out
	}
	holders := make(map[string]string, len(secret.Data))
	for _, holder := range slices.Sorted(maps.Keys(secret.Data)) {
		token := bytes.TrimSpace(secret.Data[holder])
		other, twice := holders[string(token)]
		switch {
		case !bearerToken.Match(token):
			f.refuse(at, "the key %q of the Secret %q holds no token of letters, digits and -._~+/", holder, name)
		case twice:
			f.refuse(at, "the keys %q and %q of the Secret %q hold the same token", other, holder, name)
		default:
			holders[string(token)] = holder
			out.Tokens = append(out.Tokens, ir.BearerToken{Name: holder, Token: token})
		}
	}
	if len(secret.Data) == 0 {
		f.missing(at, "the Secret \""+name+"\" has no tokens")
	}
	return out
}

// bearerToken is what can be sent as a token (RFC 6750 section 2.1).
var bearerToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{1,1000}=*$`)

// secret returns a Secret beside the object, and its name with the namespace. Where it is
// not there, that is reported.
func (f *filters) secret(name string, at resolve.Place) (*corev1.Secret, string) {
	full := types.NamespacedName{Namespace: at.Origin.Namespace, Name: name}
	secret := f.Snapshot.Secret(full)
	if secret == nil {
		f.missing(at, "there is no Secret \""+full.String()+"\"")
	}
	return secret, full.String()
}

// missing reports an object that a filter needs and that is not there.
func (f *filters) missing(at resolve.Place, problem string) {
	f.sound = false
	f.Facts.Errorf(at.Origin, at.Field, report.SecretNotFound, "%s, so %s", problem, broken)
}
