package main

import (
	"testing"
	"time"
)

func TestParseWrk(t *testing.T) {
	got, err := parseWrk(`  Latency Distribution
     99%    8.65ms
  17989 requests in 1.10s, 3.1MB read
  Socket errors: connect 0, read 2, write 0, timeout 1
  Non-2xx or 3xx responses: 4
Requests/sec:  17791.5
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := (sample{count: 17989, perSecond: 17791.5, p99: 8650 * time.Microsecond, errors: 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := parseWrk("unable to connect to 127.0.0.1:1 Connection refused\n"); err == nil {
		t.Error("text without figures is taken for some")
	}
}

func TestParseH2load(t *testing.T) {
	got, err := parseH2load(`finished in 5.00s, 23584.20 req/s, 1.03MB/s
requests: 117921 total, 118049 started, 117921 done, 117900 succeeded, 21 failed, 20 errored, 1 timeout
status codes: 117890 2xx, 3 3xx, 0 4xx, 7 5xx
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := (sample{count: 117900, perSecond: 23584.2, errors: 31}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := parseH2load("could not connect\n"); err == nil {
		t.Error("text without figures is taken for some")
	}
}
