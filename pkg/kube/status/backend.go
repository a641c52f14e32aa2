package status

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Healthy is true where each back end of a ProxyRoute that requests are for has an endpoint in
// service, as the leader sees it.
const Healthy = "Healthy"

// maxBackends is the bound of the CRD.
const maxBackends = 256

// Backend is what is known of a back end of a ProxyRoute.
type Backend struct {
	// Name is "SERVICE:PORT", or the address.
	Name string
	// Version is empty where it has none.
	Version string
	// Ready is how many of its endpoints are in service, of Total.
	Ready, Total int
	// Idle says that no requests are for it.
	Idle bool
}

// healthy returns the condition of that type.
func healthy(generation int64, backends []Backend) metav1.Condition {
	made := metav1.Condition{
		Type: Healthy, Status: metav1.ConditionUnknown, ObservedGeneration: generation,
		Reason: "NoBackends", Message: "no back end serves requests",
	}
	var bad, less []string
	for _, b := range backends {
		if b.Idle {
			continue
		}
		if made.Status == metav1.ConditionUnknown {
			made.Status, made.Reason, made.Message = metav1.ConditionTrue, Healthy, "all endpoints are in service"
		}
		switch {
		case b.Total == 0:
			bad = append(bad, b.String()+": there is no endpoint")
		case b.Ready == 0:
			bad = append(bad, fmt.Sprintf("%s: none of %d endpoints is in service", b.String(), b.Total))
		case b.Ready < b.Total:
			less = append(less, fmt.Sprintf("%s: %d of %d endpoints are in service", b.String(), b.Ready, b.Total))
		}
	}
	if len(bad) > 0 {
		made.Status, made.Reason = metav1.ConditionFalse, string(report.NoEndpoints)
	}
	if told := slices.Concat(bad, less); len(told) > 0 {
		if more := len(told) - messageFacts; more > 0 {
			told = append(told[:messageFacts], fmt.Sprintf("and %d more", more))
		}
		made.Message = strings.Join(told, "; ")
	}
	return made
}

// String returns the name, with the version where there is one.
func (b Backend) String() string {
	if b.Version == "" {
		return b.Name
	}
	return b.Name + " (version " + b.Version + ")"
}

// backendStatus returns what the object says of its back ends.
func backendStatus(backends []Backend) (out []v1alpha1.BackendStatus) {
	for _, b := range backends[:min(len(backends), maxBackends)] {
		out = append(out, v1alpha1.BackendStatus{Backend: b.Name, Version: b.Version, Ready: int32(b.Ready), Total: int32(b.Total)})
	}
	return out
}
