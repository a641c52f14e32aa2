package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// vitals is what a process holds at one moment.
type vitals struct {
	at         time.Time
	cpu        time.Duration
	goroutines int
	// descriptors are those without the connections that pools keep to endpoints, which are kept for as long as they are.
	descriptors, pooled int
	resident            int64 // bytes
}

// clockTick is USER_HZ, which Linux fixes at 100 for /proc.
const clockTick = 10 * time.Millisecond

// vitals measures Sluice.
func (s *stage) vitals() (vitals, error) {
	v := vitals{at: time.Now()}
	var err error
	if v.cpu, err = cpuTime(s.cmd.Process.Pid); err != nil {
		return v, err
	}
	if v.resident, err = s.memory("VmRSS"); err != nil {
		return v, err
	}
	open, err := os.ReadDir(s.proc("fd"))
	if err != nil {
		return v, err
	}
	pooled, err := s.metric("sluice_upstream_connections")
	if err != nil {
		return v, err
	}
	v.pooled = int(pooled)
	v.descriptors = len(open) - v.pooled
	goroutines, err := s.metric("go_goroutines")
	v.goroutines = int(goroutines)
	return v, err
}

func (s *stage) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), name)
}

// cpuTime is the user and system time of a process.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	// The second field, in parentheses, may hold spaces.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, err
}

// busyTime is the time that all processes of the machine have had so far.
func busyTime() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	var sum time.Duration
	for i, field := range strings.Fields(line) {
		// "cpu", user, nice, system, idle, iowait, irq, softirq, steal, and two that are part of the first.
		if i == 0 || i == 4 || i == 5 || i > 8 {
			continue
		}
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * clockTick
	}
	return sum, nil
}

// ownTime is the time that the stage has had so far: Sluice, this process and the
// attackers that have ended.
func (s *stage) ownTime() (time.Duration, error) {
	sluice, err := cpuTime(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		if err := syscall.Getrusage(who, &used); err != nil {
			return 0, err
		}
		sluice += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return sluice, nil
}

// strangers returns how much of one core other programs have while the stage works.
func (s *stage) strangers(work func() error) (float64, error) {
	begun := time.Now()
	all, err := busyTime()
	if err != nil {
		return 0, err
	}
	own, err := s.ownTime()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	allNow, err := busyTime()
	if err != nil {
		return 0, err
	}
	ownNow, err := s.ownTime()
	return max(float64((allNow-all)-(ownNow-own))/float64(time.Since(begun)), 0), err
}

// memory returns a line of /proc/PID/status in bytes.
func (s *stage) memory(name string) (int64, error) {
	file, err := os.Open(s.proc("status"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc says nothing of %s", name)
}

// forgetPeak begins a new measurement of the largest resident size.
func (s *stage) forgetPeak() error {
	return os.WriteFile(s.proc("clear_refs"), []byte("5"), 0)
}

// metric sums a metric of Sluice's own over its labels.
func (s *stage) metric(name string) (sum float64, err error) {
	resp, err := opsClient.Get("http://" + s.ops + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	found := false
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		sum, found = sum+value, true
	}
	if !found {
		return 0, fmt.Errorf("no metric %s", name)
	}
	return sum, lines.Err()
}

// The bounds of what a load may leave behind.
const (
	// idleWindow is how long the CPU of an idle process is measured.
	idleWindow  = 10 * time.Second
	idleCPU     = 0.01
	moreMemory  = 0.10
	moreObjects = 5
)

// residue waits and says what Sluice holds then, which must be what it held before.
func (s *stage) residue(ctx context.Context, before vitals, settle time.Duration, found *findings) error {
	if err := pause(ctx, settle-idleWindow); err != nil {
		return err
	}
	begin, err := s.vitals()
	if err != nil {
		return err
	}
	if err := pause(ctx, idleWindow); err != nil {
		return err
	}
	after, err := s.vitals()
	if err != nil {
		return err
	}
	used := float64(after.cpu-begin.cpu) / float64(after.at.Sub(begin.at))
	more := float64(after.resident)/float64(before.resident) - 1
	found.say(used <= idleCPU, "%v later: %.1f %% CPU (at most %.0f %%)", settle, 100*used, 100*idleCPU)
	found.say(after.goroutines <= before.goroutines+moreObjects, "%v later: %d goroutines, %d before", settle, after.goroutines, before.goroutines)
	found.say(after.descriptors <= before.descriptors+moreObjects, "%v later: %d descriptors, %d before, and %d kept connections to endpoints", settle, after.descriptors, before.descriptors, after.pooled)
	found.say(more <= moreMemory, "%v later: %s resident, %s before (%+.0f %%)", settle, size(after.resident), size(before.resident), 100*more)
	if more <= moreMemory {
		return nil
	}
	for _, name := range []string{"go_memstats_heap_alloc_bytes", "go_memstats_heap_idle_bytes", "go_memstats_heap_released_bytes", "go_memstats_stack_sys_bytes", "go_memstats_gc_sys_bytes"} {
		value, err := s.metric(name)
		if err != nil {
			return err
		}
		found.note("%s: %s", name, size(int64(value)))
	}
	return nil
}

// pause waits, or says that there is no time for it any more.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// size is a number of bytes for people.
func size(bytes int64) string {
	return strconv.FormatFloat(math.Round(float64(bytes)/1024/1024*10)/10, 'f', -1, 64) + " MiB"
}
