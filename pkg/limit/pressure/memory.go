package pressure

import (
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
)

// Go's own account: what it has mapped, and what of that it gave back.
const (
	totalMetric    = "/memory/classes/total:bytes"
	releasedMetric = "/memory/classes/heap/released:bytes"
)

// Used returns how much memory Go's runtime holds, in bytes: what its own limit
// (GOMEMLIMIT) counts.
func Used() uint64 {
	samples := [...]metrics.Sample{{Name: totalMetric}, {Name: releasedMetric}}
	metrics.Read(samples[:])
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// limitFiles are where a container finds what it may use: cgroup v2, then v1.
var limitFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// noLimit is from where on v1 means that there is none.
const noLimit = 1 << 60

// ContainerLimit returns the memory that the container may use, in bytes, 0 where there
// is no limit.
func ContainerLimit() uint64 { return limitIn(limitFiles) }

func limitIn(files []string) uint64 {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil || limit >= noLimit {
			return 0 // "max", or none.
		}
		return limit
	}
	return 0
}
