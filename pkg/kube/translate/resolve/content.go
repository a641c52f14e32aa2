package resolve

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Content returns the text in a key of a ConfigMap, or why there is none.
func (r *Resolver) Content(name types.NamespacedName, key string) (string, Fault) {
	object := r.Snapshot.ConfigMap(name)
	if object == nil {
		return "", Fault{report.ConfigMapNotFound, fmt.Sprintf("the ConfigMap %q does not exist", name)}
	}
	text, found := object.Data[key]
	switch {
	case !found && object.Labels[snapshot.ContentLabel] != "true":
		return "", Fault{report.ConfigMapNotFound, fmt.Sprintf("the ConfigMap %q has no text %q, or one longer than 1 KiB, for which the ConfigMap needs the label %s=true", name, key, snapshot.ContentLabel)}
	case !found:
		return "", Fault{report.ConfigMapNotFound, fmt.Sprintf("the ConfigMap %q has no text %q", name, key)}
	case text == "":
		return "", Fault{report.ConfigMapNotFound, fmt.Sprintf("the text %q of the ConfigMap %q is empty", key, name)}
	}
	return text, Fault{}
}
