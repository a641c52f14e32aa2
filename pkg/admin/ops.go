package admin

import (
	"fmt"
	"net/http"
)

// OpsDeps is what Ops asks.
type OpsDeps struct {
	// Metrics serves /metrics.
	Metrics http.Handler
	// Ready returns why the process should get no traffic, or nil.
	Ready func() error
}

// Ops serves /healthz (the process lives), /readyz (it should get traffic: the
// first table is served and it does not drain) and /metrics.
func Ops(d OpsDeps) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := d.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	m.Handle("GET /metrics", d.Metrics)
	return m
}
