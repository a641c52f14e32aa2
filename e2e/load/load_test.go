package load_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluice-dev/sluice/e2e/load"
)

// TestEveryFailureCounts breaks every tenth answer and expects the run to say
// so exactly as often.
func TestEveryFailureCounts(t *testing.T) {
	var asked, broken atomic.Int64
	enough := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := asked.Add(1)
		if n == 100 {
			close(enough)
		}
		if n%10 == 0 {
			broken.Add(1)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte("the right back end"))
	}))
	defer server.Close()
	run := load.Start(load.Options{Address: server.Listener.Addr().String(), Host: "x", Rate: 500, Expect: "right"})
	<-enough
	result := run.Stop()
	if int64(result.Sent) != asked.Load() {
		t.Errorf("sent %d, the server saw %d", result.Sent, asked.Load())
	}
	if int64(len(result.Failures)) != broken.Load() {
		t.Errorf("counted %d failures, the server made %d: %s", len(result.Failures), broken.Load(), result)
	}
}

func TestAWrongBodyIsAFailure(t *testing.T) {
	first := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("another back end"))
		select {
		case first <- struct{}{}:
		default:
		}
	}))
	defer server.Close()
	run := load.Start(load.Options{Address: server.Listener.Addr().String(), Host: "x", Rate: 100, Expect: "right"})
	<-first
	result := run.Stop()
	if len(result.Failures) != result.Sent || result.Sent == 0 {
		t.Errorf("want every request failed: %s", result)
	}
	if !strings.Contains(result.String(), "does not hold") {
		t.Errorf("the reason is missing: %s", result)
	}
}
