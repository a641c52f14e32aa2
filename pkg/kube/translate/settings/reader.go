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

// From returns where a setting is written that counts, such as "limits" or
// "timeouts.request"; false where it is not set.
func (r *Reader) From(name string) (resolve.Place, bool) {
	for _, source := range r.Sources {
		if isSet(source.Settings, name) {
			return source.At.At("." + name), true
		}
	}
	return resolve.Place{}, false
}

func isSet(s *v1alpha1.Settings, name string) bool {
	timeouts := s.Timeouts
	if timeouts == nil {
		timeouts = &v1alpha1.Timeouts{}
	}
	switch name {
	case "versioning":
		return s.Versioning != nil
	case "balance":
		return s.Balance != nil
	case "timeouts":
		return s.Timeouts != nil
	case "retry":
		return s.Retry != nil
	case "bufferResponse":
		return s.BufferResponse != nil
	case "health":
		return s.Health != nil
	case "circuitBreaker":
		return s.CircuitBreaker != nil
	case "limits":
		return s.Limits != nil
	case "timeouts.connect":
		return timeouts.Connect != ""
	case "timeouts.request":
		return timeouts.Request != ""
	case "timeouts.backendRequest":
		return timeouts.BackendRequest != ""
	case "timeouts.idle":
		return timeouts.Idle != ""
	case "timeouts.tunnelIdle":
		return timeouts.TunnelIdle != ""
	}
	return false
}
