package translate

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Options are what a translation takes besides the objects.
type Options = resolve.Options

// Memo keeps parsed certificates from one translation to the next (Options.Memo).
type Memo = resolve.Memo

// DefaultOptions returns the options of `sluice controller` without flags,
// apart from Now.
func DefaultOptions() Options { return resolve.DefaultOptions() }

// NewMemo returns an empty memo.
func NewMemo() *Memo { return resolve.NewMemo() }

// Translate returns what is to be served, and the facts about what is not.
func Translate(s *snapshot.Snapshot, o Options) (*ir.Config, *report.Set) {
	return &ir.Config{}, &report.Set{}
}

// Endpoints returns the endpoint sets of all upstreams of a Config, sorted by
// key. A set without endpoints is there too.
func Endpoints(s *snapshot.Snapshot, c *ir.Config) []ir.EndpointSet { return nil }

// EndpointsOf returns the endpoint sets of the upstreams of one Service, from
// slices newer than those of the snapshot that the Config was made of. The result
// for a Service that no upstream names is empty.
func EndpointsOf(c *ir.Config, service *corev1.Service, slices []*discoveryv1.EndpointSlice) []ir.EndpointSet {
	return nil
}

// ServiceOf returns the Service whose endpoints an endpoint set holds, and false
// for a set of static addresses.
func ServiceOf(key string) (types.NamespacedName, bool) { return types.NamespacedName{}, false }
