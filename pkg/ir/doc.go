// Package ir is the neutral model between manifests and the data plane: plain
// data, no Kubernetes, no behaviour.
//
// In: pkg/kube/translate fills a Config. Out: pkg/table compiles it, pkg/admin
// and golden tests dump it. The model has no defaults and no optional pointers:
// a translator resolves every default, so that what stands in a Config is what
// is done. Choices are sealed sum types (Action, Filter).
//
// Values are written by the goroutine that builds them and are read-only from
// the moment they are handed on; from then any goroutine may read them.
package ir
