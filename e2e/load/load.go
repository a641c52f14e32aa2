package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options says what is sent.
type Options struct {
	// Address is HOST:PORT to connect to.
	Address string
	// Host is sent as Host.
	Host string
	// TLS makes it TLS; nil means clear text.
	TLS *tls.Config
	// Path is sent as the target; "/" where it is empty.
	Path string
	// Rate is requests per second in all, at least 1.
	Rate int
	// Expect must be part of the body of each response; empty expects nothing.
	Expect string
	// Timeout bounds one request; 20 s where it is 0.
	Timeout time.Duration
}

// workers share the rate: each has its kind of request and its own connection.
const workers = 12

// Run is a load that goes on until Stop.
type Run struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	begun  time.Time

	mu     sync.Mutex // guards result while workers run
	result Result
}

// Failure is one request that did not get what it should.
type Failure struct {
	// At is since the start of the run.
	At time.Duration
	// What says what happened, with the kind of request in front.
	What string
}

// Result is what a Run counted.
type Result struct {
	Sent      int
	Failures  []Failure
	Elapsed   time.Duration
	latencies []time.Duration
}

// Start begins to send. Of each six workers three send GET on a kept
// connection, one POST with a body on a kept connection, one GET on new
// connections and one POST with a chunked body on a kept connection.
func Start(o Options) *Run {
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Run{cancel: cancel, begun: time.Now()}
	interval := time.Second * workers / time.Duration(o.Rate)
	for i := range workers {
		w := &worker{options: o, kind: kinds[i%len(kinds)]}
		r.done.Add(1)
		go func() {
			defer r.done.Done()
			defer w.close()
			r.pace(ctx, w, interval, interval*time.Duration(i)/workers)
		}()
	}
	return r
}

// pace lets one worker send every interval. A late worker catches up, so that
// the rate holds when answers are slow.
func (r *Run) pace(ctx context.Context, w *worker, interval, offset time.Duration) {
	next := r.begun.Add(offset)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		next = next.Add(interval)
		begun := time.Now()
		err := w.send()
		r.count(begun, w.kind, err)
	}
}

func (r *Run) count(begun time.Time, k kind, err error) {
	took := time.Since(begun)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Sent++
	r.result.latencies = append(r.result.latencies, took)
	if err != nil {
		r.result.Failures = append(r.result.Failures, Failure{begun.Sub(r.begun), fmt.Sprintf("%s: %v", k.name, err)})
	}
}

// Stop ends the run after the requests under way and returns what was counted.
func (r *Run) Stop() Result {
	r.cancel()
	r.done.Wait()
	r.result.Elapsed = time.Since(r.begun)
	slices.Sort(r.result.latencies)
	return r.result
}

// Rate is how many requests a second were sent.
func (r Result) Rate() float64 { return float64(r.Sent) / r.Elapsed.Seconds() }

// Latency returns the given quantile, between 0 and 1, of all requests.
func (r Result) Latency(quantile float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(quantile*float64(len(r.latencies))), len(r.latencies)-1)]
}

// String is one line with the figures and up to ten failures behind it.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests in %.1fs (%.0f/s), %d failed, p50 %v, p99 %v, max %v",
		r.Sent, r.Elapsed.Seconds(), r.Rate(), len(r.Failures), r.Latency(0.5), r.Latency(0.99), r.Latency(1))
	for _, f := range r.Failures[:min(len(r.Failures), 10)] {
		fmt.Fprintf(&b, "\n  at %.3fs %s", f.At.Seconds(), f.What)
	}
	return b.String()
}
