package upstream

import "testing"

func TestRetriesAreAShareOfTheRequests(t *testing.T) {
	var b Budget
	if b.Begin(false) {
		t.Error("requests are counted though nobody wants that")
	}
	// As soon as one route has a budget, the requests of others count, too.
	for i := range 40 {
		if !b.Begin(i == 0) {
			t.Fatal("a request is not counted")
		}
	}
	granted := 0
	for b.Retry(20) {
		granted++
	}
	if granted != 8 {
		t.Errorf("%d of 40 requests may be retried", granted)
	}
	b.RetryDone()
	if !b.Retry(20) || b.Retry(20) {
		t.Error("a retry that is over does not make room for exactly one")
	}
	for range 40 {
		b.End()
	}
	for range granted {
		b.RetryDone()
	}
	for range fewRetries {
		if !b.Retry(20) {
			t.Error("few retries are refused")
		}
	}
	if b.Retry(20) {
		t.Error("more than a few are granted to nobody")
	}
}
