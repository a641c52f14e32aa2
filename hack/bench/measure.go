package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// named are the samples of one target.
type named struct {
	name    string
	samples []sample
}

// measure runs the rounds in turn: A B C A B C.
func measure(ctx context.Context, s *stage, w workload, o options) ([]named, error) {
	targets := w.targets(s)
	results := make([]named, len(targets))
	for _, t := range targets {
		if err := waitAnswer(ctx, t); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	rounds := o.rounds
	if w.once {
		rounds = 1
	}
	for range rounds {
		for i, t := range targets {
			r, err := round(ctx, t, w, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			results[i].name = t.name
			results[i].samples = append(results[i].samples, r)
		}
	}
	return results, nil
}

// waitAnswer asks until the target answers as it should: an open port does not
// mean yet that routes were read.
func waitAnswer(ctx context.Context, t target) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := probe(ctx, t)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// probe asks once, since generators count any answer as a success. A call of
// gRPC without a message is answered as well.
func probe(ctx context.Context, t target) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!t.h2c)
	protocols.SetUnencryptedHTTP2(t.h2c)
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, nil)
	if err != nil {
		return err
	}
	request.Host = benchHost
	if strings.HasSuffix(t.url, grpcPath) {
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("TE", "trailers")
	} else if !strings.HasSuffix(t.url, "/up") {
		request.Method = http.MethodGet
	}
	if strings.Contains(t.url, "/feature/") {
		request.Header.Set("Authorization", "Bearer "+benchToken)
		request.Header.Set("Accept-Encoding", "gzip")
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is answered %s", t.url, answer.Status)
	}
	if compressed := answer.Header.Get("Content-Encoding") != ""; compressed != strings.HasSuffix(t.url, "/compression") {
		return fmt.Errorf("%s is answered with Content-Encoding %q", t.url, answer.Header.Get("Content-Encoding"))
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// round loads one target and counts its CPU time.
func round(ctx context.Context, t target, w workload, o options) (sample, error) {
	before, err := cpuTime(t.pid)
	if err != nil {
		return sample{}, err
	}
	r, err := w.load(ctx, t, o)
	if err != nil {
		return sample{}, err
	}
	after, err := cpuTime(t.pid)
	if err != nil {
		return sample{}, err
	}
	if r.count == 0 {
		return sample{}, fmt.Errorf("nothing succeeded, of %d: %s", r.errors, r.firstError)
	}
	r.cpuMicros = float64((after - before).Microseconds()) / float64(r.count)
	return r, nil
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

// residentBytes is the resident memory of a process and its children that run.
func residentBytes(pid int) (int, error) {
	sum := 0
	for _, p := range append([]int{pid}, children(pid)...) {
		statm, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p), "statm"))
		if err != nil {
			return 0, err
		}
		pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
		if err != nil {
			return 0, err
		}
		sum += pages * os.Getpagesize()
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
