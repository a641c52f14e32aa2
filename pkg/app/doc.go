// Package app is the composition root: it builds the parts of Sluice from
// Options, starts them, and drains them.
//
// In: Options, from flags and the environment (Flags) or from a test. Out: a
// running proxy that serves a folder (Serve) or a cluster (Controller) until
// its context ends, and then drains. Only cmd and e2e may import this package.
// Options must not change once they are handed over; App's methods may be
// called from any goroutine.
package app
