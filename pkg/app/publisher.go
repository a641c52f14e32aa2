package app

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/filter/activelimit"
	"github.com/sluice-dev/sluice/pkg/filter/basicauth"
	"github.com/sluice-dev/sluice/pkg/filter/build"
	"github.com/sluice-dev/sluice/pkg/filter/extauth"
	"github.com/sluice-dev/sluice/pkg/filter/jwt"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// releaseAfter is how long a table that was swapped out keeps its hold on
// pools. An exchange that still has it goes on working after that; all it loses
// are the idle connections of an upstream that no table names any more.
const releaseAfter = 5 * time.Second

// publisher makes a table of each snapshot and puts it in the place of the one
// before: first endpoints and certificates, then the table, then what the old
// table alone used is dropped.
type publisher struct {
	log       *slog.Logger
	options   translate.Options
	mapped    []MappedService
	upstreams *upstream.Registry
	certs     *certs.Registry
	queues    *queue.Registry
	rates     *rate.Registry
	active    activelimit.Registry
	keys      *jwks.Registry
	tokens    jwt.Registry
	passwords basicauth.Registry
	answers   extauth.Registry
	metrics   *metrics.Metrics
	// pods is the Service of the Pods of this program, empty where it is not known.
	pods   types.NamespacedName
	holder *table.Holder
	// sockets are those of the table's listeners; nil where none are to be opened.
	sockets *sockets
	// reported gets the verdicts and facts of each build; it may be nil.
	reported func(*snapshot.Snapshot, *verdict.Set, *report.Set)
	// now is the clock.
	now func() time.Time

	// served is what is served now, nil before the first table. The lane of
	// endpoints reads it without waiting for a build.
	served atomic.Pointer[served]

	mu         sync.Mutex  // held during a build
	loaded     *report.Set // what reading the objects found
	compiled   *report.Set // what Compile said of the table that is served
	logged     map[report.Fact]bool
	sets       map[string]bool // keys of endpoint sets in the registry
	generation uint64
}

// served is one build's input and output.
type served struct {
	snapshot *snapshot.Snapshot
	config   *ir.Config
	facts    *report.Set
	pods     *translate.PodValues
}

// publish serves what a snapshot says. loaded are the facts found while its
// objects were read; it may be nil.
func (p *publisher) publish(s *snapshot.Snapshot, loaded *report.Set) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := p.now()
	options := p.options
	options.Now = begun
	config, verdicts, facts := translate.Translate(s, options)
	facts.Merge(loaded)
	facts.Merge(p.setEndpoints(s, config))
	facts.Merge(p.certs.Update(config.Certificates))
	if p.sockets != nil {
		facts.Merge(p.sockets.prepare(config.Listeners, verdicts))
	}
	if before := p.served.Load(); before == nil || !ir.Equal(before.config, config) {
		p.compiled = p.swap(config, begun)
	}
	if p.sockets != nil {
		p.sockets.commit(config.Listeners)
	}
	p.loaded = loaded
	facts.Merge(p.compiled)
	if p.pods.Name != "" {
		p.replicas(s.EndpointSlices(p.pods))
	}
	p.served.Store(&served{s, config, facts, translate.ReadPods(s)})
	p.logNew(facts)
	if p.reported != nil {
		p.reported(s, verdicts, facts)
	}
}

// again publishes what was published last once more, because something outside
// of it may have changed.
func (p *publisher) again() {
	p.mu.Lock()
	loaded := p.loaded
	p.mu.Unlock()
	if last := p.served.Load(); last != nil {
		p.publish(last.snapshot, loaded)
	}
}

// swap compiles a table, serves it and lets go of the old one.
func (p *publisher) swap(config *ir.Config, begun time.Time) *report.Set {
	compiled, facts := table.Compile(config, table.Deps{Upstreams: p.upstreams, Certs: p.certs, Queues: p.queues, Filters: build.Deps{Rates: p.rates, Active: &p.active, Keys: p.keys, Tokens: &p.tokens, Passwords: &p.passwords, Answers: &p.answers}.Build})
	old := p.holder.Swap(compiled)
	p.generation++
	routes := compiled.Routes()
	p.metrics.TableCompiled(p.generation, begun, p.now().Sub(begun), len(routes))
	served, listeners := make(map[string][]string, len(routes)), make(map[string]bool)
	for _, r := range routes {
		served[r.ID] = r.VersionNames()
	}
	for _, l := range compiled.Listeners() {
		listeners[l.Name] = true
		for id := range l.StreamIDs() {
			served[id] = nil
		}
	}
	p.metrics.Retain(served, listeners)
	if old != nil {
		time.AfterFunc(releaseAfter, old.Releaser())
	}
	message, level := "table swapped", slog.LevelDebug
	if old == nil {
		message, level = "first table served", slog.LevelInfo
	}
	p.log.Log(context.Background(), level, message, "generation", p.generation, "routes", len(routes), "took", p.now().Sub(begun).String())
	return facts
}

// setEndpoints gives the registry the endpoint sets of a Config and takes away
// those that no upstream names any more, once the old table has gone.
func (p *publisher) setEndpoints(s *snapshot.Snapshot, config *ir.Config) *report.Set {
	sets := translate.Endpoints(s, config)
	facts := p.addMapped(sets)
	p.upstreams.SetEndpoints(sets...)
	current := make(map[string]bool, len(sets))
	for _, set := range sets {
		current[set.Key] = true
	}
	var gone []string
	for key := range p.sets {
		if !current[key] {
			gone = append(gone, key)
		}
	}
	p.sets = current
	if len(gone) > 0 {
		time.AfterFunc(releaseAfter, func() { p.removeEndpoints(gone) })
	}
	return facts
}

// removeEndpoints drops sets, apart from those that came back meanwhile.
func (p *publisher) removeEndpoints(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var gone []string
	for _, key := range keys {
		if !p.sets[key] {
			gone = append(gone, key)
		}
	}
	p.upstreams.RemoveEndpoints(gone...)
}

// endpoints is the fast lane: the EndpointSlices of one Service changed, or its Pods. A
// build that runs meanwhile may put older ones in their place; the controller
// calls again after it. The result says that a build is needed.
func (p *publisher) endpoints(name types.NamespacedName, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) bool {
	now := p.served.Load()
	if now == nil {
		return false // The first build reads the slices itself.
	}
	if service := now.snapshot.Service(name); service != nil {
		p.upstreams.SetEndpoints(translate.EndpointsOf(now.config, service, slices, pods)...)
	}
	return now.pods.Changed(name, slices, pods)
}

// logNew logs each fact once, as long as it stays.
func (p *publisher) logNew(facts *report.Set) {
	current := make(map[report.Fact]bool)
	for _, f := range facts.All() {
		current[f] = true
		if p.logged[f] {
			continue
		}
		level := slog.LevelInfo
		if f.Severity != report.Info {
			level = slog.LevelWarn
		}
		p.log.Log(context.Background(), level, f.Message, "object", f.Origin.String(), "field", f.Field, "reason", string(f.Reason), "severity", f.Severity.String())
	}
	p.logged = current
}

// allowLocal lets back ends and key sets be on this machine. It must be called before anything
// is published.
func (p *publisher) allowLocal() {
	p.options.LocalAddresses = true
	p.keys = jwks.NewRegistry(jwks.Options{AllowLocal: true})
}
