//go:build !race

package accesslog

// maxAllocs is what a call may allocate.
const maxAllocs = 0
