// Package echo is a back end that says what it was asked, for `sluice demo` and
// for tests on a cluster.
//
// In: requests. Out: a JSON object with what came in and who answers. A Handler
// may be called by any number of goroutines.
package echo

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Handler answers as one instance of a Service.
type Handler struct {
	// Service, Version and Instance are told in each answer.
	Service, Version, Instance string

	active, came atomic.Int64
	gates        gates
	kept         atomic.Pointer[[]byte]
	// sickUntil is until when everything fails, in nanoseconds of the Unix time.
	sickUntil atomic.Int64
}

// Answer is what the Handler tells.
type Answer struct {
	Service  string `json:"service"`
	Version  string `json:"version"`
	Instance string `json:"instance"`
	Method   string `json:"method"`
	Host     string `json:"host"`
	Path     string `json:"path"`
	Query    string `json:"query,omitempty"`
	Protocol string `json:"protocol"`
	// Active is how many requests this instance had under way when this one came,
	// this one with them.
	Active int64 `json:"active"`
	// Sequence is how many requests had come to this instance when this one came, this one with them.
	Sequence int64       `json:"sequence"`
	Header   http.Header `json:"header"`
	// BodyBytes counts the request's body.
	BodyBytes int64 `json:"bodyBytes"`
}

// The bounds of what a request may ask for.
const (
	maxSize  = 64 << 20
	maxSleep = time.Minute
	maxSick  = time.Minute
)

// ServeHTTP answers /ready with 200 at once, echoes WebSocket messages at /ws,
// and everything else with an Answer. ?sleep=MILLISECONDS waits before the
// answer, ?status=CODE sets its status, ?size=BYTES answers that many bytes
// instead. /sick?for=MILLISECONDS makes the instance answer 503 to all but /ready for so long.
// ?hold=NAME waits until /release?hold=NAME was asked, which counts for all later requests as well. PUT
// /kept keeps the body, which GET /kept answers. Neither these two nor /ready count in Active and Sequence.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ready":
		_, _ = io.WriteString(w, "ok\n")
		return
	case "/ws":
		echoSocket(w, r)
		return
	case "/kept":
		h.keep(w, r)
		return
	case "/release":
		h.gates.gate(r.URL.Query().Get("hold"), true)
		h.answer(w, r, http.StatusOK, Answer{})
		return
	}
	active, came := h.active.Add(1), h.came.Add(1)
	defer h.active.Add(-1)
	read, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	query := r.URL.Query()
	status, err := strconv.Atoi(query.Get("status"))
	if err != nil || status < 200 || status > 599 {
		status = http.StatusOK
	}
	now := time.Now()
	if now.UnixNano() < h.sickUntil.Load() {
		status = http.StatusServiceUnavailable
	}
	if ms, err := strconv.Atoi(query.Get("for")); err == nil && r.URL.Path == "/sick" {
		h.sickUntil.Store(now.Add(min(time.Duration(ms)*time.Millisecond, maxSick)).UnixNano())
	}
	if !h.gates.pass(r, query.Get("hold")) {
		return
	}
	if ms, err := strconv.Atoi(query.Get("sleep")); err == nil {
		select {
		case <-time.After(min(time.Duration(ms)*time.Millisecond, maxSleep)):
		case <-r.Context().Done():
			return
		}
	}
	if size, err := strconv.ParseInt(query.Get("size"), 10, 64); err == nil {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.CopyN(w, zeros{}, min(size, maxSize))
		return
	}
	h.answer(w, r, status, Answer{Active: active, Sequence: came, BodyBytes: read})
}

// answer tells what came in and who answers, besides what is in a already.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, status int, a Answer) {
	a.Service, a.Version, a.Instance = h.Service, h.Version, h.Instance
	a.Method, a.Host, a.Path, a.Query = r.Method, r.Host, r.URL.EscapedPath(), r.URL.RawQuery
	a.Protocol, a.Header = r.Proto, r.Header
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a)
}

// echoSocket sends each message back until the client leaves.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

// zeros is an endless stream.
type zeros struct{}

// Read fills p with zero bytes.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
