package translate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestVariables(t *testing.T) {
	for name, tt := range map[string]struct {
		text ir.Text
		want []string
	}{
		"none":                 {"plain", nil},
		"two":                  {"{claim.sub} of {claim.org}", []string{"claim.sub", "claim.org"}},
		"a brace that is text": {"{{claim.sub} {host}", []string{"host"}},
		"one without an end":   {"{host} {claim.sub", []string{"host"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, variables(tt.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
