//go:build race

package accesslog

// maxAllocs is what a call may allocate: the race detector makes a sync.Pool
// forget at random.
const maxAllocs = 4
