package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// TestPoliciesPreserveForeignStatus is, for each kind of policy, what
// BackendTLSPolicyPreserveForeignStatus of the conformance suite asks: entries of other
// controllers, and their conditions, stay as they are, times included.
func TestPoliciesPreserveForeignStatus(t *testing.T) {
	e := newEstate(t, nil)
	server.InstallCRDs(t)
	named := metav1.ObjectMeta{Namespace: e.namespace, Name: "p"}
	kinds := map[string]client.Object{
		"ProxyPolicy": &v1alpha1.ProxyPolicy{ObjectMeta: named},
		kindBackendTLSPolicy: &gatewayv1.BackendTLSPolicy{ObjectMeta: named, Spec: gatewayv1.BackendTLSPolicySpec{
			TargetRefs: []gatewayv1.LocalPolicyTargetReferenceWithSectionName{{LocalPolicyTargetReference: gatewayv1.LocalPolicyTargetReference{Kind: "Service", Name: "s"}}},
			Validation: gatewayv1.BackendTLSPolicyValidation{Hostname: "a.example", WellKnownCACertificates: new(gatewayv1.WellKnownCACertificatesSystem)},
		}},
	}
	kinds["XBackendTrafficPolicy"] = &gatewayxv1.XBackendTrafficPolicy{ObjectMeta: named, Spec: gatewayxv1.BackendTrafficPolicySpec{
		TargetRefs: []gatewayv1.LocalPolicyTargetReference{{Kind: "Service", Name: "s"}},
	}}
	own := string(snapshot.GatewayControllerName)
	for kind, policy := range kinds {
		t.Run(kind, func(t *testing.T) {
			e.make(t, policy)
			*policyStatusOf(policy) = gatewayv1.PolicyStatus{Ancestors: []gatewayv1.PolicyAncestorStatus{
				ancestor("gone", own, Accepted), ancestor("public", "example.com/other", Accepted, "Theirs"), ancestor("public", own, "Theirs", Accepted),
			}}
			if err := e.Status().Update(t.Context(), policy); err != nil {
				t.Fatal(err)
			}
			e.found.Policies = []verdict.Policy{{Kind: kind, Object: policy, Ancestors: []gatewayv1.PolicyAncestorStatus{
				ancestor("second", own, Accepted), ancestor("public", own, Accepted, ResolvedRefs),
			}}}
			e.turn(t)
			e.refresh(t, policy)
			var got []string
			for _, a := range policyStatusOf(policy).Ancestors {
				line := string(a.AncestorRef.Name) + " by " + string(a.ControllerName) + ":"
				for _, c := range a.Conditions {
					line += " " + c.Type
					if c.LastTransitionTime.Unix() == 1e9 {
						line += " since ever"
					}
				}
				got = append(got, line)
			}
			want := []string{
				"public by example.com/other: Accepted since ever Theirs since ever",
				"public by " + own + ": Theirs since ever Accepted since ever ResolvedRefs",
				"second by " + own + ": Accepted",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			e.still(t)

			e.found.Policies[0].Ancestors = nil
			e.turn(t)
			e.refresh(t, policy)
			if left := policyStatusOf(policy).Ancestors; len(left) != 1 || left[0].ControllerName != "example.com/other" {
				t.Errorf("ancestors of a policy that is none of ours: %+v", left)
			}
		})
	}
}

// ancestor is an entry whose conditions hold since ever.
func ancestor(name, controller string, types ...string) gatewayv1.PolicyAncestorStatus {
	group, kind := gatewayv1.Group(gatewayv1.GroupName), gatewayv1.Kind(kindGateway)
	conditions := good(types...)
	for i := range conditions {
		conditions[i].LastTransitionTime = metav1.Unix(1e9, 0)
	}
	return gatewayv1.PolicyAncestorStatus{
		AncestorRef:    gatewayv1.ParentReference{Group: &group, Kind: &kind, Name: gatewayv1.ObjectName(name)},
		ControllerName: gatewayv1.GatewayController(controller),
		Conditions:     conditions,
	}
}
