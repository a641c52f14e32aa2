package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// workload is one way of asking.
type workload struct {
	name, about string
	connections int
	header      []string
}

var workloads = []workload{
	{name: "h1-64", about: "HTTP/1.1, small answers, 64 keep-alive connections", connections: 64},
	{name: "h1-1000", about: "HTTP/1.1, small answers, 1,000 keep-alive connections", connections: 1000},
	{name: "h1-close", about: "HTTP/1.1, small answers, a new connection for each request", connections: 64, header: []string{"Connection: close"}},
}

// sample is one round of one proxy.
type sample struct {
	perSecond float64
	cpuMicros float64 // CPU time of the proxy per request, in microseconds
	p99       time.Duration
	errors    int
}

// measure runs the rounds in turn: A B C A B C.
func measure(ctx context.Context, s *stage, w workload, o options) (map[string][]sample, error) {
	results := make(map[string][]sample)
	for range o.rounds {
		for _, p := range s.proxies {
			r, err := round(ctx, p, w, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			results[p.name] = append(results[p.name], r)
		}
	}
	return results, nil
}

func round(ctx context.Context, p proxy, w workload, o options) (sample, error) {
	args := []string{"-t", strconv.Itoa(o.threads), "-c", strconv.Itoa(w.connections), "-d", o.duration.String(), "--latency", "-H", "Host: " + benchHost}
	for _, h := range w.header {
		args = append(args, "-H", h)
	}
	before, err := cpuTime(p.pid)
	if err != nil {
		return sample{}, err
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, "http://"+addr(p.port)+"/")...).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	after, err := cpuTime(p.pid)
	if err != nil {
		return sample{}, err
	}
	return parseWrk(string(out), after-before)
}

var (
	requestsPattern = regexp.MustCompile(`(\d+) requests in `)
	ratePattern     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p99Pattern      = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s)`)
	socketPattern   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	statusPattern   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// parseWrk reads what wrk printed.
func parseWrk(out string, cpu time.Duration) (sample, error) {
	var s sample
	requests := firstInt(requestsPattern, out)
	rate := ratePattern.FindStringSubmatch(out)
	if requests == 0 || rate == nil {
		return s, fmt.Errorf("wrk made no request: %s", out)
	}
	s.perSecond, _ = strconv.ParseFloat(rate[1], 64)
	s.cpuMicros = float64(cpu.Microseconds()) / float64(requests)
	if m := p99Pattern.FindStringSubmatch(out); m != nil {
		s.p99, _ = time.ParseDuration(m[1] + m[2])
	}
	if m := socketPattern.FindStringSubmatch(out); m != nil {
		for _, n := range m[1:] {
			count, _ := strconv.Atoi(n)
			s.errors += count
		}
	}
	s.errors += firstInt(statusPattern, out)
	return s, nil
}

func firstInt(re *regexp.Regexp, s string) int {
	m := re.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// clockTick is USER_HZ, which Linux fixes at 100 for /proc.
const clockTick = 10 * time.Millisecond

// cpuTime is the user and system time of a process and its children that run.
func cpuTime(pid int) (time.Duration, error) {
	var sum time.Duration
	for _, p := range append([]int{pid}, children(pid)...) {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p), "stat"))
		if err != nil {
			return 0, err
		}
		// The second field, in parentheses, may hold spaces.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		sum += time.Duration(user+system) * clockTick
	}
	return sum, nil
}

func children(pid int) []int {
	lists, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	var found []int
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// printTable prints the medians and their ratios to HAProxy's.
func printTable(out io.Writer, w workload, results map[string][]sample) {
	fmt.Fprintf(out, "\n%s: %s\n", w.name, w.about)
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "proxy\trequests/s\tof HAProxy's\tCPU µs/request\tof HAProxy's\tp99\terrors\t")
	base := median(results["haproxy"])
	names := make([]string, 0, len(results))
	for name := range results {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return int(median(results[b]).perSecond - median(results[a]).perSecond)
	})
	for _, name := range names {
		m := median(results[name])
		fmt.Fprintf(tab, "%s\t%.0f\t%.2f\t%.1f\t%.2f\t%v\t%d\t\n", name, m.perSecond, m.perSecond/base.perSecond, m.cpuMicros, m.cpuMicros/base.cpuMicros, m.p99, m.errors)
	}
	_ = tab.Flush()
}

// median takes each figure's median by itself, and the sum of the errors.
func median(samples []sample) sample {
	pick := func(value func(sample) float64) float64 {
		values := make([]float64, 0, len(samples))
		for _, s := range samples {
			values = append(values, value(s))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	m := sample{
		perSecond: pick(func(s sample) float64 { return s.perSecond }),
		cpuMicros: pick(func(s sample) float64 { return s.cpuMicros }),
		p99:       time.Duration(pick(func(s sample) float64 { return float64(s.p99) })),
	}
	for _, s := range samples {
		m.errors += s.errors
	}
	return m
}
