package status

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/report"
)

// patch writes the status of an object of the Gateway API as it should be, and
// fails where the object is no more what it was when it was read: lists in it are
// written as a whole, so that entries of others that came meanwhile would be lost.
func (t *term) patch(ctx context.Context, origin report.Origin, is, should client.Object) {
	t.write(origin, func() error {
		before := client.MergeFromWithOptions(is, client.MergeFromWithOptimisticLock{})
		err := t.opts.Client.Status().Patch(ctx, should, before, client.FieldOwner(Manager))
		if apierrors.IsConflict(err) {
			t.due = true // The caches will have what is newer.
		}
		if err != nil {
			return fmt.Errorf("patch status: %w", err)
		}
		return nil
	})
}
