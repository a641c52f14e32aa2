package settings

import (
	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// Source is a part of an object that has settings.
type Source struct {
	*v1alpha1.Settings
	// At is the part, such as "spec.routes[2]".
	At resolve.Place
}

// Reader reads the settings of one route.
type Reader struct {
	*resolve.Resolver
	// Sources are where they are written, the most specific first: of each field
	// that counts which is set first.
	Sources []Source
}

// first returns the field of the first source that has it, with its place.
func first[T any](r *Reader, name string, field func(*v1alpha1.Settings) *T) (*T, resolve.Place) {
	for _, source := range r.Sources {
		if value := field(source.Settings); value != nil {
			return value, source.At.At(name)
		}
	}
	return nil, resolve.Place{}
}
