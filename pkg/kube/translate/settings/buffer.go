package settings

import (
	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Bounds and defaults of the CRD.
const (
	maxBufferMemory     = 64 << 20
	maxBufferDisk       = 1 << 40
	defaultBufferMemory = 64 << 10
	defaultBufferDisk   = 64 << 20
)

// BufferResponse returns how much of a response is kept for a slow client; the zero value keeps nothing. What is
// invalid is reported and counts as not set.
func (r *Reader) BufferResponse() ir.ResponseBuffer {
	spec, at := first(r, ".bufferResponse", func(s *v1alpha1.Settings) *v1alpha1.ResponseBuffer { return s.BufferResponse })
	if spec == nil {
		return ir.ResponseBuffer{}
	}
	bound := func(name string, value *int64, most, otherwise int64) int64 {
		switch {
		case value == nil:
			return otherwise
		case *value < 0 || *value > most:
			r.Facts.Errorf(at.Origin, at.Field+name, report.Invalid, "the value is not between 0 and %d, so it is as if it were not set", most)
			return otherwise
		}
		return *value
	}
	return ir.ResponseBuffer{
		MemoryBytes: bound(".memoryBytes", spec.MemoryBytes, maxBufferMemory, defaultBufferMemory),
		DiskBytes:   bound(".diskBytes", spec.DiskBytes, maxBufferDisk, defaultBufferDisk),
	}
}
