package main

import (
	"testing"
	"time"
)

func TestDelayIsJudgedByNoiseAndByGrowth(t *testing.T) {
	of := func(ms ...int) []time.Duration {
		rounds := make([]time.Duration, len(ms))
		for i, n := range ms {
			rounds[i] = time.Duration(n) * time.Millisecond
		}
		return rounds
	}
	for name, tt := range map[string]struct {
		quiet, attacked []time.Duration
		want            bool
	}{
		"nothing changes":                        {of(50, 50, 50), of(50, 50, 50), true},
		"a fifth more":                           {of(100, 100, 100), of(120, 120, 120), true},
		"more than a fifth":                      {of(100, 100, 100), of(121, 121, 121), false},
		"a slice of the scheduler's":             {of(2, 2, 2), of(5, 5, 5), true},
		"more than a slice":                      {of(2, 2, 2), of(6, 6, 6), false},
		"less than the worst round without":      {of(100, 300, 100), of(250, 250, 250), true},
		"more than the worst round without":      {of(100, 300, 100), of(301, 301, 301), false},
		"one attacked round that is slow":        {of(50, 50, 50), of(50, 2500, 50), true},
		"most attacked rounds are slow":          {of(117, 110, 120), of(2500, 100, 2500), false},
		"an attack that everybody gets along by": {of(100, 100, 100), of(10, 10, 10), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := judge(tt.quiet, tt.attacked); got.ok() != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
}
