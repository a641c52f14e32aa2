package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// wrk loads by the program of that name: HTTP/1.1 on some connections, with a
// script in Lua where one is given.
func wrk(connections int, script string, header ...string) loader {
	return func(ctx context.Context, t target, o options) (sample, error) {
		args := []string{"-t", strconv.Itoa(o.threads), "-c", strconv.Itoa(connections), "-d", o.duration.String(), "--latency", "-H", "Host: " + benchHost}
		for _, h := range header {
			args = append(args, "-H", h)
		}
		if script != "" {
			file, err := writeTemp(script)
			if err != nil {
				return sample{}, err
			}
			defer os.Remove(file)
			args = append(args, "-s", file)
		}
		out, err := exec.CommandContext(ctx, "wrk", append(args, t.url)...).CombinedOutput()
		if err != nil {
			return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
		}
		return parseWrk(string(out))
	}
}

// uploadOf is wrk's script for requests with a body of n bytes.
func uploadOf(n int) string {
	return fmt.Sprintf("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", %d)\n", n)
}

var (
	requestsPattern = regexp.MustCompile(`(\d+) requests in `)
	ratePattern     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p99Pattern      = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s)`)
	socketPattern   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	statusPattern   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// parseWrk reads what wrk printed.
func parseWrk(out string) (sample, error) {
	s := sample{count: firstInt(requestsPattern, out)}
	rate := ratePattern.FindStringSubmatch(out)
	if rate == nil {
		return s, fmt.Errorf("wrk printed no rate: %s", out)
	}
	s.perSecond, _ = strconv.ParseFloat(rate[1], 64)
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

// writeTemp puts text into a file of its own, which the caller removes.
func writeTemp(text string) (string, error) {
	f, err := os.CreateTemp("", "sluice-bench-")
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return f.Name(), err
}
