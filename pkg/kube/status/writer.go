package status

import (
	"context"
	"log/slog"
	"sync"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Writer keeps what objects say about themselves equal to what Sluice found.
type Writer struct {
	opts  Options
	log   *slog.Logger
	fixed []networkingv1.IngressLoadBalancerIngress
	wake  chan struct{}

	mu     sync.Mutex // guards latest
	latest *found
}

// found is what one build found.
type found struct {
	objects  *snapshot.Snapshot
	verdicts *verdict.Set
	facts    map[report.Origin][]report.Fact
}

// New makes a writer.
func New(o Options) *Writer {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Resync <= 0 {
		o.Resync = time.Minute
	}
	return &Writer{opts: o, log: o.Logger, fixed: fixedAddresses(o.PublishAddresses), wake: make(chan struct{}, 1)}
}

// Report takes what a build found: its snapshot, and all verdicts and facts about
// it. It does not block; of several reports only the newest counts.
func (w *Writer) Report(s *snapshot.Snapshot, v *verdict.Set, r *report.Set) {
	if v == nil {
		v = &verdict.Set{}
	}
	latest := &found{objects: s, verdicts: v, facts: r.ByOrigin()}
	w.mu.Lock()
	w.latest = latest
	w.mu.Unlock()
	w.Wake()
}

// Wake makes the writer compare all objects again, after something changed that
// leads to no build: Sluice's own Pods. It does not block.
func (w *Writer) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run writes until ctx is done. It is for the leader alone, and may be called
// again after it has returned.
func (w *Writer) Run(ctx context.Context) {
	t := &term{Writer: w, written: make(map[report.Origin]time.Time), told: make(map[string]struct{})}
	for {
		wait := t.pass(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-w.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// term is the memory of one leadership. Only the goroutine of Run uses it.
type term struct {
	*Writer
	// written holds the time of the last write, for those that are not Interval ago.
	written map[report.Origin]time.Time
	// told holds the names of the Events that need not be sent any more.
	told map[string]struct{}
	// due is true where a pass left something to do after Interval.
	due bool
}

// pass compares all objects with what was found, writes the differences, and
// returns when to do so again unless something new is reported before. A new
// report ends a pass early: what is left is part of the next one.
func (t *term) pass(ctx context.Context) (next time.Duration) {
	t.mu.Lock()
	latest := t.latest
	t.mu.Unlock()
	if latest == nil {
		return t.opts.Resync
	}
	t.due = false
	t.forget(time.Now())
	for _, step := range []func(context.Context, *found){
		t.fronts, t.gatewayClasses, t.gateways, t.listenerSets, t.routes, t.policies, t.ingresses, t.proxyRoutes, t.events,
	} {
		step(ctx, latest)
	}
	if t.due {
		return t.opts.Interval
	}
	return t.opts.Resync
}

// interrupted reports whether the pass should end early.
func (t *term) interrupted(ctx context.Context) bool {
	return ctx.Err() != nil || len(t.wake) > 0
}

// forget drops what is Interval ago.
func (t *term) forget(now time.Time) {
	for origin, at := range t.written {
		if now.Sub(at) >= t.opts.Interval {
			delete(t.written, origin)
		}
	}
}

// write calls do unless the object was written less than Interval ago, and sees
// to it that a write that failed or had to wait is tried again.
func (t *term) write(origin report.Origin, do func() error) {
	if _, recently := t.written[origin]; recently {
		t.due = true
		return
	}
	t.written[origin] = time.Now()
	switch err := do(); {
	case err == nil:
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		// Deleted, or deleted and made anew, since it was read: the next build knows.
	default:
		t.due = true
		t.log.Warn("status was not written, trying again", "object", origin.String(), "error", err)
	}
}

// read returns the object as the caches have it, and false where it is gone.
func (t *term) read(ctx context.Context, origin report.Origin, into client.Object) bool {
	err := t.opts.Client.Get(ctx, client.ObjectKey{Namespace: origin.Namespace, Name: origin.Name}, into)
	if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		t.log.Error("object cannot be read from the caches", "object", origin.String(), "error", err)
	}
	return err == nil
}

// now is the time that conditions and Events carry, which know only seconds.
func now() metav1.Time {
	return metav1.NewTime(time.Now().Truncate(time.Second))
}
