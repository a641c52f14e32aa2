package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/e2e/load"
)

const (
	// operationTimeout bounds one operation of the soak.
	operationTimeout = 10 * time.Second
	// warmUp is how long a process has carried twice the load, or more, when it is
	// measured before the soak: a heap that has just begun still grows.
	warmUp = 20 * time.Second
	// samples are how often the process is measured during the load.
	samples = 10
)

// soak loads Sluice with every protocol while tables are swapped, and asks what is left of it.
func soak(ctx context.Context, o options, found *findings) error {
	b, s, err := startWeb(ctx, o)
	if err != nil {
		return err
	}
	defer b.stop()
	if err := s.soak(ctx, b, o, found); err != nil {
		return errors.Join(err, s.stop())
	}
	err = s.stop()
	found.say(err == nil, "it drains and ends with 0 (%v)", err)
	return nil
}

func (s *stage) soak(ctx context.Context, b *backends, o options, found *findings) error {
	if _, err := s.mixed(ctx, b, 2*o.rate, max(warmUp, o.duration/20), nil); err != nil {
		return err
	}
	if err := pause(ctx, max(o.settle/4, 2*time.Second)); err != nil {
		return err
	}
	before, err := s.vitals()
	if err != nil {
		return err
	}
	begun := time.Now()
	var result *tally
	share, err := s.strangers(func() (err error) {
		result, err = s.mixed(ctx, b, o.rate, o.duration, func() {
			v, err := s.vitals()
			if err != nil {
				found.say(false, "measure: %v", err)
				return
			}
			found.note("at %4.0f s: %d goroutines, %d descriptors, %s resident, %.0f %% CPU since the start",
				time.Since(begun).Seconds(), v.goroutines, v.descriptors, size(v.resident), 100*float64(v.cpu-before.cpu)/float64(v.at.Sub(before.at)))
		})
		return err
	})
	if err != nil {
		return err
	}
	result.strangers = share
	result.report(found)
	s.mu.Lock()
	for _, line := range s.blamed {
		found.note("logged: %s", line)
	}
	s.mu.Unlock()
	return s.residue(ctx, before, o.settle, found)
}

// tally counts operations.
type tally struct {
	begun  time.Time
	lasted time.Duration
	// strangers is how much of a core other programs had.
	strangers float64
	swaps     swaps
	mu        sync.Mutex // guards what follows while the load lasts
	done      map[string]int
	failures  []string
}

func (t *tally) count(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[name]++
	if err != nil {
		t.failures = append(t.failures, fmt.Sprintf("%s, after %v: %v", name, time.Since(t.begun), err))
	}
}

func (t *tally) report(found *findings) {
	all := 0
	names := make([]string, 0, len(t.done))
	for name, n := range t.done {
		names, all = append(names, fmt.Sprintf("%s %d", name, n)), all+n
	}
	slices.Sort(names)
	found.note("operations: %v", names)
	found.say(len(t.failures) == 0 && all > 0, "%d operations in %v, %d failed", all, t.lasted.Round(time.Second), len(t.failures))
	for _, f := range t.failures[:min(len(t.failures), 20)] {
		found.note("%s", f)
	}
	perSecond := float64(len(t.swaps.took)) / t.lasted.Seconds()
	slices.Sort(t.swaps.took)
	if len(t.swaps.took) == 0 {
		found.say(false, "no table was swapped: %v", t.swaps.err)
		return
	}
	// Each table waits for the one before it, so other programs make them fewer.
	least := 8.0
	switch {
	case t.strangers > crowdedShare:
		least = 1
	case t.strangers > strangersShare:
		least = 4
	}
	found.say(t.swaps.err == nil && perSecond >= least, "%d tables, %.1f a second (at least %.0f where other programs have %.0f %% of a core); from the written file to the first answer p50 %v, p99 %v, max %v; error %v", len(t.swaps.took), perSecond, least, 100*t.strangers,
		quantile(t.swaps.took, 0.5), quantile(t.swaps.took, 0.99), quantile(t.swaps.took, 1), t.swaps.err)
}

// quantile of what is sorted.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Round(100 * time.Microsecond)
}

// mixed runs the load for a time. sample is called now and then; it may be nil.
func (s *stage) mixed(ctx context.Context, b *backends, rate float64, lasts time.Duration, sample func()) (*tally, error) {
	cc, err := s.newGRPC()
	if err != nil {
		return nil, err
	}
	defer cc.Close()
	t := &tally{done: make(map[string]int), begun: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	clear := load.Start(load.Options{Address: s.http, Host: webHost, Rate: max(int(rate*0.4), 12), Expect: webMark, Timeout: operationTimeout})
	secure := load.Start(load.Options{Address: s.https, Host: webHost, Rate: max(int(rate*0.15), 12), Expect: webMark, Timeout: operationTimeout, TLS: unverified(webHost)})
	var workers sync.WaitGroup
	for _, k := range []struct {
		name  string
		share float64
		op    operation
	}{
		{"HTTP/2", 0.07, s.echoHTTP2(true)}, {"HTTP/2", 0.07, s.echoHTTP2(true)}, {"h2c", 0.07, s.echoHTTP2(false)},
		{"WebSocket", 0.03, s.echoWebSocket()}, {"WebSocket", 0.03, s.echoWebSocket()}, {"WebSocket", 0.03, s.echoWebSocket()},
		{"gRPC unary", 0.07, callUnary(cc)}, {"gRPC stream", 0.04, callStream(cc)}, {"gRPC stream", 0.04, callStream(cc)},
	} {
		workers.Go(func() { t.repeat(ctx, k.name, time.Duration(float64(time.Second)/(rate*k.share)), k.op) })
	}
	workers.Go(func() { t.swaps = s.swapTables(ctx, b) })
	for i := 1; i <= samples; i++ {
		if pause(ctx, lasts/samples) == nil && sample != nil {
			sample()
		}
	}
	<-ctx.Done()
	workers.Wait()
	for name, run := range map[string]*load.Run{"HTTP/1.1": clear, "HTTP/1.1 with TLS": secure} {
		result := run.Stop()
		t.done[name] = result.Sent
		t.lasted = result.Elapsed
		for _, f := range result.Failures {
			t.failures = append(t.failures, fmt.Sprintf("%s, after %v: %s", name, f.At, f.What))
		}
	}
	return t, context.Cause(context.WithoutCancel(ctx))
}

// repeat does an operation again and again until ctx ends. One that is under way then is finished.
func (t *tally) repeat(ctx context.Context, name string, every time.Duration, op operation) {
	defer op.end()
	next := time.Now()
	for pause(ctx, time.Until(next)) == nil {
		next = next.Add(every)
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTimeout)
		t.count(name, op.do(bounded))
		cancel()
	}
}
