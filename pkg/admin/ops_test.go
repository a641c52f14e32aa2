package admin_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/metrics"
)

func TestOps(t *testing.T) {
	metricsOfProcess := metrics.New().Handler()
	tests := map[string]struct {
		target string
		ready  error
		status int
		body   string
	}{
		"a process that lives is healthy":           {"/healthz", nil, http.StatusOK, "ok\n"},
		"a process that drains is healthy, too":     {"/healthz", errors.New("draining"), http.StatusOK, "ok\n"},
		"a process that serves is ready":            {"/readyz", nil, http.StatusOK, "ok\n"},
		"a process that drains is not, and says it": {"/readyz", errors.New("draining"), http.StatusServiceUnavailable, "draining\n"},
		"there is nothing else":                     {"/config", nil, http.StatusNotFound, "404 page not found\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ops := admin.Ops(admin.OpsDeps{Metrics: metricsOfProcess, Ready: func() error { return tt.ready }})
			w := get(ops, tt.target)
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
	t.Run("metrics are served", func(t *testing.T) {
		ops := admin.Ops(admin.OpsDeps{Metrics: metricsOfProcess, Ready: func() error { return nil }})
		if w := get(ops, "/metrics"); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("got %d with %d bytes", w.Code, w.Body.Len())
		}
	})
}
