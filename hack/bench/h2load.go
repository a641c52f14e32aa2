package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// h2load loads by nghttp2's program: HTTP/2 on some connections of some
// streams each, with body as the content of each request where there is one.
func h2load(connections, streams int, body string, header ...string) loader {
	return func(ctx context.Context, t target, o options) (sample, error) {
		args := []string{
			"-t", strconv.Itoa(o.threads), "-c", strconv.Itoa(connections), "-m", strconv.Itoa(streams),
			"-D", strconv.FormatFloat(o.duration.Seconds(), 'f', -1, 64), "-H", ":authority: " + benchHost,
		}
		for _, h := range header {
			args = append(args, "-H", h)
		}
		if body != "" {
			file, err := writeTemp(body)
			if err != nil {
				return sample{}, err
			}
			defer os.Remove(file)
			args = append(args, "-d", file)
		}
		out, err := exec.CommandContext(ctx, "h2load", append(args, t.url)...).CombinedOutput()
		if err != nil {
			return sample{}, fmt.Errorf("h2load: %w: %s", err, out)
		}
		return parseH2load(string(out))
	}
}

var (
	finishedPattern  = regexp.MustCompile(`finished in [\d.]+\w+, ([\d.]+) req/s`)
	h2RequestPattern = regexp.MustCompile(`(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2StatusPattern  = regexp.MustCompile(`status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx`)
)

// parseH2load reads what h2load printed.
func parseH2load(out string) (sample, error) {
	rate, requests, status := finishedPattern.FindStringSubmatch(out), h2RequestPattern.FindStringSubmatch(out), h2StatusPattern.FindStringSubmatch(out)
	if rate == nil || requests == nil || status == nil {
		return sample{}, fmt.Errorf("h2load printed no figures: %s", out)
	}
	var s sample
	s.perSecond, _ = strconv.ParseFloat(rate[1], 64)
	s.count, _ = strconv.Atoi(requests[1])
	for _, text := range append(requests[3:], status[2:]...) {
		n, _ := strconv.Atoi(text)
		s.errors += n
	}
	return s, nil
}
