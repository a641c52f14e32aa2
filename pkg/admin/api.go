package admin

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Deps is what API asks.
type Deps struct {
	// Config returns what is served now, nil before the first table.
	Config func() *ir.Config
	// Facts returns what is known about the objects of it.
	Facts func() *report.Set
	// Holder holds the table that is served.
	Holder *table.Holder
	// Upstreams is the live side.
	Upstreams *upstream.Registry
}

// API serves, each by GET:
//
//	/config       what is to be served, as ir.Dump writes it
//	/table        what was compiled of it, as JSON
//	/certificates the certificates without their keys, as JSON
//	/upstreams    pools with their endpoints and connections, as JSON
//	/reports      the facts about objects, as JSON
//	/explain      why a request goes where it does, as JSON (see Question)
//	/debug/pprof/ Go's profiles
func API(d Deps) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "/config\n/table\n/certificates\n/upstreams\n/reports\n/explain?url=URL\n/debug/pprof/")
	})
	m.HandleFunc("GET /config", func(w http.ResponseWriter, _ *http.Request) {
		config := d.Config()
		if config == nil {
			http.Error(w, "no table yet", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = ir.Dump(w, config)
	})
	m.HandleFunc("GET /table", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, CompiledOf(d.Holder.Load())) })
	m.HandleFunc("GET /certificates", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, Certificates(d.Config())) })
	m.HandleFunc("GET /reports", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, Facts(d.Facts())) })
	m.HandleFunc("GET /upstreams", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, d.Upstreams.Dump()) })
	m.HandleFunc("GET /explain", d.explain)
	m.HandleFunc("GET /debug/pprof/", pprof.Index)
	m.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	m.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	m.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return local(m)
}

// local refuses requests that name another host than this one by its address:
// a page in somebody's browser may have its own name resolve to the loopback
// address, and would read everything (DNS rebinding).
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil && host != "localhost" {
			http.Error(w, "the admin API answers to localhost and to addresses, not to names", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (d Deps) explain(w http.ResponseWriter, r *http.Request) {
	q, err := ParseQuestion(r.URL.Query().Get("url"), r.URL.Query().Get("method"), r.URL.Query()["header"])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q.Listener = r.URL.Query().Get("listener")
	current := d.Holder.Load()
	if current == nil {
		http.Error(w, "no table yet", http.StatusServiceUnavailable)
		return
	}
	answer, err := Explain(current, d.Upstreams, q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, answer)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v)
}

// Fact is a report.Fact as JSON.
type Fact struct {
	Object   string `json:"object"`
	Field    string `json:"field,omitempty"`
	Severity string `json:"severity"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
}

// Facts returns the facts of a set, sorted; never nil, so that JSON shows a list.
func Facts(s *report.Set) []Fact {
	facts := make([]Fact, 0, s.Len())
	for _, f := range s.All() {
		facts = append(facts, Fact{f.Origin.String(), f.Field, f.Severity.String(), string(f.Reason), f.Message})
	}
	return facts
}
