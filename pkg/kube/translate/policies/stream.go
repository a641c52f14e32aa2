package policies

import (
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// WarnOfStream tells the policies for the Service of an upstream that the connections that a place
// passes on there are none of theirs.
func (s *Set) WarnOfStream(key string, at resolve.Place) {
	u, found := s.Upstream(key)
	if !found {
		return
	}
	name, port, _, ok := resolve.ParseServiceKey(u.Endpoints)
	if !ok {
		return
	}
	for _, source := range s.Service(name, port).Sources() {
		s.Facts.Warnf(source.At.Origin, source.At.Field, report.Unsupported, "%s (%s) passes TLS on, so what is set here does not count there", at.Origin, at.Field)
	}
}
