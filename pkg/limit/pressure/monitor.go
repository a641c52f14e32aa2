package pressure

import (
	"context"
	"sync/atomic"
	"time"
)

// Level is how much is given up.
type Level int32

const (
	// Calm gives up nothing.
	Calm Level = iota
	// ShedIdle closes connections that wait for a request.
	ShedIdle
	// ShedConnections refuses new connections, too.
	ShedConnections
	// ShedRequests refuses requests, too.
	ShedRequests
)

// watermarks are the parts of the limit, in percent, from which on a level holds.
var watermarks = [...]uint64{ShedIdle: 85, ShedConnections: 90, ShedRequests: 95}

// slack is by how many percent of the limit the use must fall below a watermark
// before its level is left.
const slack = 5

// CollectAt is the part of the limit, in percent, that Go's collector should keep the
// use below by itself (runtime/debug.SetMemoryLimit), so that garbage alone sheds nothing.
const CollectAt = 80

// DefaultInterval is the time between two samples.
const DefaultInterval = 250 * time.Millisecond

// Options are what a Monitor watches.
type Options struct {
	// Limit is the memory that the process may use, in bytes.
	Limit uint64
	// Used returns how much it uses, in bytes.
	Used func() uint64
	// Interval is the time between two samples; 0 means DefaultInterval.
	Interval time.Duration
}

// Monitor knows the level. A nil Monitor is always calm.
type Monitor struct {
	opts  Options
	level atomic.Int32
	used  atomic.Uint64
}

// NewMonitor makes a Monitor that is calm until it runs.
func NewMonitor(o Options) *Monitor {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	return &Monitor{opts: o}
}

// Level returns the level of the last sample.
func (m *Monitor) Level() Level {
	if m == nil {
		return Calm
	}
	return Level(m.level.Load())
}

// Used returns the last sample, in bytes.
func (m *Monitor) Used() uint64 { return m.used.Load() }

// Limit returns the limit, in bytes.
func (m *Monitor) Limit() uint64 { return m.opts.Limit }

// Run samples until ctx ends. changed is called when the level has changed, shed at
// each sample at which it is not Calm. Both must return soon.
func (m *Monitor) Run(ctx context.Context, changed func(from, to Level), shed func()) {
	ticker := time.NewTicker(m.opts.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		used := m.opts.Used()
		m.used.Store(used)
		before := m.Level()
		now := next(before, used, m.opts.Limit)
		if now != before {
			m.level.Store(int32(now))
			changed(before, now)
		}
		if now != Calm {
			shed()
		}
	}
}

// next returns the level that follows one when so much is used.
func next(level Level, used, limit uint64) Level {
	for level < ShedRequests && beyond(used, limit, watermarks[level+1]) {
		level++
	}
	for level > Calm && !beyond(used, limit, watermarks[level]-slack) {
		level--
	}
	return level
}

// beyond says that used is more than so many percent of the limit.
func beyond(used, limit, percent uint64) bool { return used*100 > limit*percent }
