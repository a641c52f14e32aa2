package snapshot

import (
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Referrer is the kind and namespace of an object that refers to another.
type Referrer struct {
	Group, Kind, Namespace string
}

// Referent is what an object refers to.
type Referent struct {
	Group, Kind string
	types.NamespacedName
}

// Permits reports whether one object may refer to another: within a namespace
// always, across namespaces where a ReferenceGrant in the namespace of what is referred to
// says so (ReferenceGrantSpec).
func (s *Snapshot) Permits(from Referrer, to Referent) bool {
	if from.Namespace == to.Namespace {
		return true
	}
	for _, grant := range s.gateway.referenceGrants {
		if grant.Namespace == to.Namespace && grantsFrom(grant, from) && grantsTo(grant, to) {
			return true
		}
	}
	return false
}

func grantsFrom(grant *gatewayv1.ReferenceGrant, from Referrer) bool {
	for i := range grant.Spec.From {
		f := &grant.Spec.From[i]
		if string(f.Group) == from.Group && string(f.Kind) == from.Kind && string(f.Namespace) == from.Namespace {
			return true
		}
	}
	return false
}

func grantsTo(grant *gatewayv1.ReferenceGrant, to Referent) bool {
	for i := range grant.Spec.To {
		t := &grant.Spec.To[i]
		if string(t.Group) == to.Group && string(t.Kind) == to.Kind && (t.Name == nil || *t.Name == "" || string(*t.Name) == to.Name) {
			return true
		}
	}
	return false
}
