package settings

import (
	"cmp"
	"strings"

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

// missing reports an object that a filter needs and that is not there.
func (f *filters) missing(at resolve.Place, problem string) {
	f.sound = false
	f.Facts.Errorf(at.Origin, at.Field, report.SecretNotFound, "%s, so the requests that the filter is for are answered 500", problem)
}
