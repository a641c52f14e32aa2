package main

import (
	"fmt"
	"slices"
	"time"
)

const (
	// moreDelay is by how much the p99 of other clients may grow in an attack.
	moreDelay = 0.20
	// leastDelay is what two cores make of it whoever works on them: Sluice, its clients, its endpoints and
	// the attacker wait for each other for a slice of the scheduler's.
	leastDelay = 3 * time.Millisecond
	// maxRounds bounds the rounds of each kind.
	maxRounds = 12
)

// delay is how long other clients wait with and without an attack on Sluice.
type delay struct {
	// without and with are medians over the rounds of each round's p99.
	without, with time.Duration
	// noise is by how much the worst of the rounds without attack was above their median.
	noise  time.Duration
	rounds int
}

// judge compares the p99 of rounds without and with an attack on Sluice, which took turns.
func judge(quiet, attacked []time.Duration) delay {
	quiet, attacked = slices.Sorted(slices.Values(quiet)), slices.Sorted(slices.Values(attacked))
	d := delay{without: quiet[len(quiet)/2], with: attacked[len(attacked)/2], rounds: len(quiet)}
	d.noise = quiet[len(quiet)-1] - d.without
	return d
}

// bound is by how much the p99 may have grown.
func (d delay) bound() time.Duration {
	return max(time.Duration(moreDelay*float64(d.without)), d.noise, leastDelay)
}

func (d delay) ok() bool { return d.with-d.without <= d.bound() }

func (d delay) String() string {
	return fmt.Sprintf("p99 of the others %v, %v without it: %+.0f %%, by %v more, and at most %v (20 %% are %v, the noise without attack is %v) over %d rounds",
		ms(d.with), ms(d.without), 100*(float64(d.with)/float64(max(d.without, 1))-1), ms(d.with-d.without), ms(d.bound()),
		ms(time.Duration(moreDelay*float64(d.without))), ms(d.noise), d.rounds)
}

// ms rounds a duration for people.
func ms(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
