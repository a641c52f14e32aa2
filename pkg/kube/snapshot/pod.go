package snapshot

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ReadyAnnotation says "false" on a Pod that is to get no new request.
const ReadyAnnotation = "sluice.dev/ready"

// Pods looks up the metadata of a Pod; it returns nil where there is none. Only labels and
// ReadyAnnotation are there.
type Pods func(types.NamespacedName) *metav1.PartialObjectMetadata

// Pod is the Pods of the Snapshot.
func (s *Snapshot) Pod(name types.NamespacedName) *metav1.PartialObjectMetadata { return s.pods[name] }
