//go:build race

package h1

// raceEnabled says that the race detector is on: sync.Pool then drops at random.
const raceEnabled = true
