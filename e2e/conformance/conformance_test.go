package conformance

import (
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

// TestConformance runs the official suite. Its flags say what of it.
func TestConformance(t *testing.T) {
	conformance.RunConformance(t)
}
