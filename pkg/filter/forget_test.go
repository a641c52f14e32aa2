package filter

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/wire"
)

func TestForgetRemovesWhatLooksAlike(t *testing.T) {
	var h wire.Header
	for _, name := range []string{"X-User", "X-User-Id", "x_user", "A", "X_USER", "x-user", "X-Users"} {
		h.Add(name, []byte("v"))
	}
	Forget(&h, "X-User")
	var left []string
	for _, f := range h.Fields() {
		left = append(left, string(f.Name))
	}
	if len(left) != 3 || left[0] != "X-User-Id" || left[1] != "A" || left[2] != "X-Users" {
		t.Errorf("left are %q", left)
	}
}
