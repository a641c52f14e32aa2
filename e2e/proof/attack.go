package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/e2e/load"
)

// What an attack may cost, where it is one of HTTP/2 that gets closed.
const (
	closedWithin = time.Second
	cpuRatio     = 2.0
	// memoryRatio is bytes that Sluice holds for each that is sent to it.
	memoryRatio = 5.0
	// memoryNoise is what a heap grows and shrinks by without any attack.
	memoryNoise = 16 << 20
	// strangersShare is how much of a core other programs may have for what is measured once and by
	// the clock. What is measured in turn may be told from their noise until they have crowdedShare.
	strangersShare = 0.25
	crowdedShare   = 1.0
	othersRate     = 300
	// waitingInKernel is what the kernel may hold of an answer whose client takes nothing: by itself
	// it would be 4 MiB.
	waitingInKernel = 512 << 10
)

// restAfterRush is long enough for Sluice to give the memory of a rush back.
const restAfterRush = 35 * time.Second

// plan is how one attack is run.
type plan struct {
	connections int
	alone       time.Duration
	// with is how long each round beside other clients lasts; there are rounds of them.
	with   time.Duration
	rounds int
	// closed asks that all connections are closed within closedWithin.
	closed bool
	// gone asks that all connections are closed within this; 0 asks nothing.
	gone time.Duration
	// perConnection bounds the memory that one connection holds, in bytes; 0 asks nothing.
	perConnection int64
	// waiting bounds what the kernel holds of answers besides; 0 asks nothing.
	waiting int64
}

// stalledStream is what an answer may hold that a client does not take: two stacks, a head, a small piece and
// the connection that it comes from, and as much again for a heap that is collected now and then.
const stalledStream = 48 << 10

// burstOfIdle is what a connection may hold at the most, which includes the moment of its
// only request; what it holds at rest is measured by hack/bench.
const burstOfIdle = 14 << 10

// floodPlan is that of all attacks by frames.
var floodPlan = plan{connections: 4, alone: 3 * time.Second, with: time.Second, rounds: 5, closed: true}

// holdPlans are those of the others.
var holdPlans = map[string]plan{
	"stalled windows":  {connections: 20, alone: 4 * time.Second, with: 2 * time.Second, rounds: 3, perConnection: 100 * stalledStream},
	"slow heads":       {connections: 1000, alone: 15 * time.Second, with: 2 * time.Second, rounds: 3, gone: 14 * time.Second, perConnection: 12 << 10},
	"slow POST":        {connections: 500, alone: 4 * time.Second, with: 2 * time.Second, rounds: 3, perConnection: 32 << 10},
	"slow chunks":      {connections: 500, alone: 4 * time.Second, with: 2 * time.Second, rounds: 3, perConnection: 32 << 10},
	"slow read":        {connections: 500, alone: 4 * time.Second, with: 2 * time.Second, rounds: 3, perConnection: stalledStream, waiting: waitingInKernel},
	"idle connections": {connections: 5000, alone: 5 * time.Second, with: 2 * time.Second, rounds: 3, perConnection: burstOfIdle},
}

// attack tries each attack against one Sluice, and in the end asks what is left of them.
func attack(ctx context.Context, o options, found *findings) error {
	b, s, err := startWeb(ctx, o)
	if err != nil {
		return err
	}
	defer b.stop()
	if err := s.attacks(ctx, o, found); err != nil {
		return errors.Join(err, s.stop())
	}
	return s.stop()
}

func (s *stage) attacks(ctx context.Context, o options, found *findings) error {
	// What is compared with in the end is a process that has been through a rush: Go's runtime
	// keeps tables for the largest heap that it had.
	for _, rush := range []string{"idle connections", "stalled windows"} {
		if _, err := s.attacked(ctx, s.http, rush, holdPlans[rush]); err != nil {
			return err
		}
	}
	if err := pause(ctx, restAfterRush); err != nil {
		return err
	}
	before, err := s.vitals()
	if err != nil {
		return err
	}
	found.note("before: %d goroutines, %d descriptors, %s resident", before.goroutines, before.descriptors, size(before.resident))
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(frames)), slices.Sorted(maps.Keys(holds))) {
		if o.only != "" && o.only != name {
			continue
		}
		p, ok := holdPlans[name]
		if !ok {
			p = floodPlan
		}
		if err := s.alone(ctx, name, p, found); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := s.beside(ctx, name, p, o.judgeDelay, found); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return s.residue(ctx, before, o.settle, found)
}

// attackFrom runs an attacker of address, a patient one if others are to be served beside it, and returns what it did
// and the CPU time that it took.
func attackFrom(ctx context.Context, address string, patient bool, name string, connections int, lasts time.Duration) (assault, time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return assault{}, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, lasts+30*time.Second)
	defer cancel()
	// An attacker has a machine of its own, so one that others are served beside takes of
	// this one what is left over.
	level := "-o"
	if patient {
		level = "-i"
	}
	cmd := exec.CommandContext(ctx, "chrt", level, "0", self, attackerVerb, "-kind", name, "-address", address,
		"-for", lasts.String(), "-connections", strconv.Itoa(connections))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return assault{}, 0, fmt.Errorf("attacker: %w", err)
	}
	var did assault
	if err := json.Unmarshal(out, &did); err != nil {
		return assault{}, 0, err
	}
	return did, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// alone measures what an attack costs while there is nothing else.
func (s *stage) alone(ctx context.Context, name string, p plan, found *findings) error {
	begin, err := s.vitals()
	if err != nil {
		return err
	}
	if err := s.forgetPeak(); err != nil {
		return err
	}
	var did assault
	var theirs time.Duration
	waiting := s.watchWaiting()
	share, err := s.strangers(func() (err error) {
		did, theirs, err = attackFrom(ctx, s.http, false, name, p.connections, p.alone)
		return err
	})
	unsent, unknown := waiting()
	if err = errors.Join(err, unknown); err != nil {
		return err
	}
	end, err := s.vitals()
	if err != nil {
		return err
	}
	peak, err := s.memory("VmHWM")
	if err != nil {
		return err
	}
	ours, grown := end.cpu-begin.cpu, max(peak-begin.resident, 0)
	found.note("%s: %d connections, %d of them refused and %d closed, %s sent; CPU %v, the attacker's %v; memory %s more",
		name, did.Opened, did.Refused, did.Closed, size(did.Sent), ours, theirs, size(grown))
	if p.closed {
		// Who waits for a core between other programs is closed as soon, and learns of it later.
		found.say(did.Closed > 0 && did.Median < closedWithin && (did.Longest < closedWithin || share > strangersShare), "%s: closed after p50 %v, max %v (less than %v)",
			name, did.Median.Round(10*time.Microsecond), did.Longest.Round(10*time.Microsecond), closedWithin)
		found.say(float64(ours) <= cpuRatio*float64(theirs), "%s: %.2f of the attacker's CPU (at most %.0f)", name, float64(ours)/float64(theirs), cpuRatio)
		found.say(grown <= memoryNoise || float64(grown) <= memoryRatio*float64(did.Sent), "%s: %.2f bytes held for each that was sent (at most %.0f)",
			name, float64(grown)/float64(did.Sent), memoryRatio)
	}
	if p.gone > 0 {
		found.say(did.Closed == p.connections && did.Longest <= p.gone, "%s: %d of %d connections closed, the last after %v (at most %v)",
			name, did.Closed, p.connections, did.Longest.Round(time.Millisecond), p.gone)
	}
	if p.perConnection > 0 {
		found.say(grown <= memoryNoise || grown/int64(p.connections) <= p.perConnection, "%s: %.1f KiB for each connection (at most %.0f)",
			name, float64(grown)/float64(p.connections)/1024, float64(p.perConnection)/1024)
	} else if !p.closed {
		found.note("%s: %.1f KiB for each connection", name, float64(grown)/float64(p.connections)/1024)
	}
	if p.waiting > 0 {
		found.say(unsent > 0 && unsent/int64(p.connections) <= p.waiting, "%s: %.1f KiB wait in the kernel for each connection (at most %.0f)",
			name, float64(unsent)/float64(p.connections)/1024, float64(p.waiting)/1024)
	}
	return nil
}

// beside measures how other clients are served with and without the attack, in turn. A flood takes what a machine
// has, and this one is the clients' as well: without it means that it goes to a bystander.
func (s *stage) beside(ctx context.Context, name string, p plan, judged bool, found *findings) (err error) {
	var quiet, attacked []time.Duration
	without := func() (load.Result, error) { return s.others(ctx, p.with) }
	if frames[name] != nil {
		other, failed := startBystander()
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, other.stop()) }()
		without = func() (load.Result, error) { return s.attacked(ctx, other.address, name, p) }
	}
	failed := 0
	count := func(r load.Result) time.Duration {
		failed += len(r.Failures)
		for _, f := range r.Failures[:min(len(r.Failures), 3)] {
			found.note("%s: another client: %s", name, f.What)
		}
		return r.Latency(0.99)
	}
	round := func() error {
		r, err := without()
		if err != nil {
			return err
		}
		quiet = append(quiet, count(r))
		if r, err = s.attacked(ctx, s.http, name, p); err != nil {
			return err
		}
		attacked = append(attacked, count(r))
		return nil
	}
	var result delay
	share := 0.0
	for len(quiet) < maxRounds {
		var err error
		share, err = s.strangers(func() (err error) {
			for i := 0; i < p.rounds && err == nil; i++ {
				err = round()
			}
			return err
		})
		if err != nil {
			return err
		}
		// What noise has done is made good by more rounds, what Sluice does is not.
		if result = judge(quiet, attacked); result.ok() || share > crowdedShare || !judged {
			break
		}
	}
	found.say(failed == 0, "%s: %d requests of the others failed", name, failed)
	if share > crowdedShare {
		found.note("%s: %v; other programs had %.0f %% of a core, so this says nothing of Sluice", name, result, 100*share)
		return nil
	}
	if !judged {
		found.note("%s: %v", name, result)
		return nil
	}
	found.say(result.ok(), "%s: %v", name, result)
	return nil
}

// attacked measures how other clients are served during an attack on address. One that holds its
// connections is given the time to open them.
func (s *stage) attacked(ctx context.Context, address, name string, p plan) (load.Result, error) {
	wait := time.Duration(0)
	if holds[name] != nil {
		wait = 3 * rampUp
	}
	ended := make(chan error, 1)
	go func() {
		_, _, err := attackFrom(ctx, address, true, name, p.connections, wait+p.with)
		ended <- err
	}()
	err := pause(ctx, wait)
	var r load.Result
	if err == nil {
		r, err = s.others(ctx, p.with)
	}
	return r, errors.Join(err, <-ended)
}

// others are clients that mean well.
func (s *stage) others(ctx context.Context, lasts time.Duration) (load.Result, error) {
	run := load.Start(load.Options{Address: s.http, Host: webHost, Rate: othersRate, Expect: webMark, Timeout: operationTimeout})
	err := pause(ctx, lasts)
	return run.Stop(), err
}
