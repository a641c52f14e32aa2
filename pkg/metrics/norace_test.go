//go:build !race

package metrics

// maxAllocs is what a call may allocate.
const maxAllocs = 0
