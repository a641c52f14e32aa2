package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// mutants are the requests that are made of the corpus by small changes, always the same ones.
	mutants    = 4000
	mutantSeed = 1
	// senders work at a time.
	senders = 8
	// patience bounds the wait for the answer to one of them.
	patience = 5 * time.Second
)

// compareOrigins sends ambiguous requests through Sluice and asks each origin what it has read.
func compareOrigins(ctx context.Context, o options, found *findings) error {
	names := slices.Sorted(maps.Keys(origins))
	if o.only != "" {
		names = []string{o.only}
	}
	var programs []string
	for _, name := range names {
		programs = append(programs, origins[name].program)
	}
	if err := needPrograms(ctx, programs...); err != nil {
		return err
	}
	requests, err := readCorpus(o.corpus)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := compareOrigin(ctx, o, name, requests, found); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// readCorpus reads the requests of the codec's corpus and makes the mutants.
func readCorpus(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var requests, accepted []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		verdict, quoted, _ := strings.Cut(lines.Text(), " ")
		raw, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if requests = append(requests, raw); verdict == "accepted" {
			accepted = append(accepted, raw)
		}
	}
	if len(accepted) == 0 {
		return nil, fmt.Errorf("%s holds no request that is accepted", path)
	}
	random := rand.New(rand.NewPCG(mutantSeed, mutantSeed))
	known := requests
	for range mutants {
		requests = append(requests, mutate(random, accepted[random.IntN(len(accepted))], known))
	}
	return requests, lines.Err()
}

// mutate changes a request in one to three places.
func mutate(random *rand.Rand, raw string, others []string) string {
	bytes := []string{"\r", "\n", "\r\n", "\x00", " ", "\t", ":", ",", ";", "0", "1", "x", "\"", "\\", "%", "\x0b", "\xff", "chunked", "Transfer-Encoding: chunked\r\n", "Content-Length: 3\r\n"}
	for range 1 + random.IntN(3) {
		if len(raw) == 0 {
			return raw
		}
		at := random.IntN(len(raw))
		switch random.IntN(5) {
		case 0:
			raw = raw[:at] + raw[at+1:]
		case 1, 2:
			raw = raw[:at] + bytes[random.IntN(len(bytes))] + raw[at:]
		case 3:
			raw = raw[:at] + string(raw[at]^0x20) + raw[at+1:]
		default:
			lines := strings.SplitAfter(raw, "\n")
			theirs := strings.SplitAfter(others[random.IntN(len(others))], "\n")
			raw = strings.Join(slices.Insert(lines, random.IntN(len(lines)), theirs[random.IntN(len(theirs))]), "")
		}
	}
	return raw
}

func compareOrigin(ctx context.Context, o options, name string, requests []string, found *findings) error {
	origin := origins[name]
	r, err := origin.start(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	between, err := startRelay(r.address)
	if err != nil {
		return err
	}
	s, err := startStage(ctx, o.sluice, map[string]string{
		"origin.yaml": service("origin", "", portOf(between.ln.Addr().String()), "127.0.0.1") + "---" + `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: origin, namespace: proof}
spec: {defaultBackend: {service: {name: origin, port: {number: 80}}}}
`})
	if err != nil {
		between.stop()
		return err
	}
	poisoned := s.sendAll(ctx, requests)
	if err := errors.Join(ctx.Err(), s.stop()); err != nil {
		between.stop()
		return err
	}
	var read reading
	for _, c := range between.stop() {
		read.compareConn(origin, c.up.Bytes(), c.down.Bytes())
	}
	found.note("%s: %d requests and a canary behind each; %d were forwarded as a whole and %d in part; the origin refused %d of them",
		name, len(requests), read.forwarded, read.incomplete, read.refused)
	found.say(read.forwarded > len(requests) && len(read.wrong) == 0, "%s: it read %d requests otherwise than they were forwarded", name, len(read.wrong))
	found.say(len(read.strange) == 0, "%s: it has something against %d requests that should be as HTTP wants them", name, len(read.strange))
	found.say(len(poisoned) == 0, "%s: %d canaries got another answer than their own", name, len(poisoned))
	for _, list := range [][]string{read.wrong, poisoned, read.strange} {
		for _, one := range list[:min(len(list), 10)] {
			found.note("%s: %.300s", name, one)
		}
	}
	return nil
}

// sendAll sends each request on a connection of its own and a canary behind it, and returns
// what canaries got that was not theirs.
func (s *stage) sendAll(ctx context.Context, requests []string) (poisoned []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan int)
	for range senders {
		all.Go(func() {
			for i := range next {
				s.send(requests[i])
				if err := s.canary(i); err != nil {
					mu.Lock()
					poisoned = append(poisoned, fmt.Sprintf("behind %.200q: %v", requests[i], err))
					mu.Unlock()
				}
			}
		})
	}
	for i := range requests {
		if ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	all.Wait()
	return poisoned
}

// send sends raw bytes and waits for the end of what comes back. What that is, is for others to judge.
func (s *stage) send(raw string) {
	nc, err := net.Dial("tcp", s.http)
	if err != nil {
		return
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, raw); err != nil {
		return
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_, _ = discard(nc)
}

// canary sends a request that nobody can misread, and wants its own answer.
func (s *stage) canary(n int) error {
	nc, err := net.Dial("tcp", s.http)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	target := fmt.Sprintf("/canary-%d", n)
	if _, err := io.WriteString(nc, "GET "+target+" HTTP/1.1\r\nHost: canary.example\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := discard(resp.Body); err != nil {
		return err
	}
	want := shape{method: http.MethodGet, target: target}.String()
	if got := resp.Header.Get(sawField); got != want {
		return fmt.Errorf("status %d, the origin saw %q instead of %q", resp.StatusCode, got, want)
	}
	return nil
}
