package echo

import (
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// maxGates is how many names of gates are known at once.
	maxGates = 1000
	// maxKept bounds what is kept, in bytes.
	maxKept = 64 << 10
	// maxHold is how long a request is held at most.
	maxHold = 5 * time.Minute
)

// gates hold requests until they are released by name. The zero value is ready.
type gates struct {
	mu sync.Mutex
	// open are closed when the gate is opened.
	open map[string]chan struct{}
}

// pass waits until a gate is open, for maxHold at most; "" is no gate. False means that the client has
// gone.
func (g *gates) pass(r *http.Request, name string) bool {
	if name == "" {
		return true
	}
	opened := g.gate(name, false)
	if opened == nil {
		return true
	}
	select {
	case <-opened:
	case <-time.After(maxHold):
	case <-r.Context().Done():
		return false
	}
	return true
}

// gate returns what is closed when a gate is open, as it is if it opens now; nil means that there is no
// more room for it.
func (g *gates) gate(name string, opens bool) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate, known := g.open[name]
	if !known {
		if len(g.open) >= maxGates {
			return nil
		}
		if g.open == nil {
			g.open = make(map[string]chan struct{})
		}
		gate = make(chan struct{})
		g.open[name] = gate
	}
	select {
	case <-gate:
	default:
		if opens {
			close(gate)
		}
	}
	return gate
}

// keep takes the body of a PUT, and answers everything else with the last one.
func (h *Handler) keep(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxKept))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.kept.Store(&body)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body := h.kept.Load()
	if body == nil {
		http.Error(w, "nothing is kept", http.StatusNotFound)
		return
	}
	_, _ = w.Write(*body)
}
