package ir

import (
	"strings"
	"testing"
	"time"
)

func TestEachBrokenInvariantOfProbesAndBreakersIsNamed(t *testing.T) {
	probe := func(c *Config) *Active { return &c.Upstreams[0].Health.Active }
	breaker := func(c *Config) *Breaker { return &c.Upstreams[0].Breaker }
	retries := func(c *Config) *RetryConstraint { return &c.Upstreams[0].RetryConstraint }
	for name, tt := range map[string]struct {
		harm func(*Config)
		want string
	}{
		"a probe of no type":              {func(c *Config) { probe(c).Type = ProbeNone }, `a probe of no type says something`},
		"a probe of an unknown type":      {func(c *Config) { probe(c).Type = 9 }, `the type of the probe is unknown`},
		"a probe at no time":              {func(c *Config) { probe(c).Interval = 0 }, `a time of the probe is not positive`},
		"a probe for no time":             {func(c *Config) { probe(c).Timeout = 0 }, `a time of the probe is not positive`},
		"a probe that never fails":        {func(c *Config) { probe(c).Unhealthy = 0 }, `a threshold of the probe is below 1`},
		"a probe that is never good":      {func(c *Config) { probe(c).Healthy = 0 }, `a threshold of the probe is below 1`},
		"a probe of HTTP without a path":  {func(c *Config) { probe(c).Path = "" }, `the path of the probe is there without need, or missing`},
		"a probe of gRPC with a path":     {func(c *Config) { c.Upstreams[1].Health.Active.Path = "/" }, `the path of the probe is there without need, or missing`},
		"a probe that expects nothing":    {func(c *Config) { probe(c).Expect = nil }, `the statuses that the probe expects are there without need, or missing`},
		"a probe that expects no status":  {func(c *Config) { probe(c).Expect[1].To = 600 }, `the statuses that the probe expects are not between 100 and 599`},
		"a probe of TCP with headers":     {func(c *Config) { probe(c).Type = ProbeTCP }, `a probe that is not over HTTP has headers`},
		"a probe of TCP with a host":      {func(c *Config) { probe(c).Type = ProbeTCP }, `a probe that names no host has one`},
		"a probe of HTTP with a service":  {func(c *Config) { probe(c).Service = "s" }, `a probe that is not gRPC names a service`},
		"a probe's header in upper case":  {func(c *Config) { probe(c).Headers[0].Name = "A" }, `a header of the probe is not in lower case`},
		"a probe's headers in no order":   {func(c *Config) { probe(c).Headers[0].Name = "z" }, `the headers of the probe are not in order`},
		"a panic at more than all":        {func(c *Config) { c.Upstreams[0].Health.PanicPercent = 101 }, `how many endpoints must be in service is not between 0 and 100 percent`},
		"a breaker that never opens":      {func(c *Config) { breaker(c).ErrorPercent = 0 }, `a breaker that never opens says something`},
		"a breaker at more than all":      {func(c *Config) { breaker(c).ErrorPercent = 101 }, `the share of failures that opens the breaker is not between 1 and 100 percent`},
		"a breaker by no request":         {func(c *Config) { breaker(c).MinRequests = 0 }, `a number of requests of the breaker is below 1`},
		"a breaker that is never half so": {func(c *Config) { breaker(c).HalfOpen = 0 }, `a number of requests of the breaker is below 1`},
		"a breaker that looks nowhere":    {func(c *Config) { breaker(c).Window = 0 }, `a time of the breaker is not positive`},
		"retries over no time":            {func(c *Config) { retries(c).Window = 0 }, `a constraint of retries over no time says something`},
		"more retries than requests":      {func(c *Config) { retries(c).Percent = 101 }, `the share of retries is not between 0 and 100 percent`},
		"retries in the past":             {func(c *Config) { retries(c).Window = -1 }, `a time of the constraint of retries is negative`},
		"a number of retries in no time":  {func(c *Config) { retries(c).MinInterval = 0 }, `the least number of retries is negative, or lacks its time`},
		"a breaker in the past":           {func(c *Config) { breaker(c).OpenFor = -time.Second }, `a time of the breaker is not positive`},
	} {
		t.Run(name, func(t *testing.T) {
			c := sample()
			tt.harm(c)
			err := Validate(c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWordsOfProbes(t *testing.T) {
	for kind, want := range map[ProbeType]string{ProbeNone: "none", ProbeTCP: "TCP", ProbeHTTP: "HTTP", ProbeGRPC: "GRPC", 7: "probe(7)"} {
		if got := kind.String(); got != want {
			t.Errorf("%d is %q, want %q", kind, got, want)
		}
	}
	a := Active{Type: ProbeHTTP, Expect: []StatusRange{{200, 399}}}
	if !a.Expects(302) || a.Expects(404) {
		t.Error("the wrong statuses are expected")
	}
}
