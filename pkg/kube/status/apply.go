package status

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// apply writes the given fields of an object's status, and nothing else of it, by
// server-side apply. The UID makes the write fail where the object was deleted
// and made anew.
func apply(ctx context.Context, c client.Client, object client.Object, kind string, version schema.GroupVersion, status any) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		return fmt.Errorf("status of %s %s: %w", kind, client.ObjectKeyFromObject(object), err)
	}
	wanted := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": version.String(),
		"kind":       kind,
		"metadata": map[string]any{
			"name":      object.GetName(),
			"namespace": object.GetNamespace(),
			"uid":       string(object.GetUID()),
		},
		"status": fields,
	}}
	err = c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.FieldOwner(Manager), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply status: %w", err)
	}
	return nil
}
