package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Rate of the requests that write status and Events, over all objects.
const (
	writesPerSecond = 100
	writeBurst      = 200
)

// Controller watches and calls the functions of its Options.
type Controller struct {
	opts   Options
	log    *slog.Logger
	cache  cache.Cache
	client client.Client
	// direct reads past the cache.
	direct    client.Reader
	discovery discovery.DiscoveryInterface
	work      *debounce
	lane      *lane
	// accompanied says whether the kinds that only Gateways refer to are watched.
	// One goroutine at a time uses it: that of Run, then that of awaitOptional.
	accompanied bool

	mu sync.Mutex // guards watched
	// watched are the kinds besides the builtin ones that are watched.
	watched []optional
}

// New makes a controller. It does not talk to the API server. The logs of the
// Kubernetes libraries, which are global, go to the logger of the first controller.
func New(o Options) (*Controller, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	redirectLogs(o.Logger)

	scheme, mapper := newScheme(), newMapper()
	watching, err := watchClient(o)
	if err != nil {
		return nil, err
	}
	objects, err := newCache(o, scheme, mapper, watching)
	if err != nil {
		return nil, fmt.Errorf("cache of objects: %w", err)
	}
	writing := rest.CopyConfig(o.Config)
	writing.QPS, writing.Burst = writesPerSecond, writeBurst
	writer, err := client.New(writing, client.Options{Scheme: scheme, Mapper: mapper, Cache: &client.CacheOptions{Reader: objects}})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	direct, err := client.New(o.Config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(o.Config)
	if err != nil {
		return nil, fmt.Errorf("discovery client: %w", err)
	}
	work := newDebounce(o.Holdoff, o.MaxDelay)
	return &Controller{
		opts:      o,
		log:       o.Logger,
		cache:     objects,
		client:    writer,
		direct:    direct,
		discovery: kinds,
		work:      work,
		lane:      &lane{slices: objects, endpoints: o.Endpoints, mark: work.mark},
	}, nil
}

// Client reads the live copy that builds are made of, and writes to the API
// server. What it reads is shared and read-only. It reads only while Run runs.
func (c *Controller) Client() client.Client { return c.client }

// Run watches and builds until ctx is done. The error is a fault of Sluice, not
// of the API server's.
func (c *Controller) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	if err := c.watchBuiltin(ctx); err != nil {
		cancel()
		return err
	}
	stopped := make(chan error, 1)
	go func() { stopped <- c.cache.Start(ctx) }()
	var awaiting sync.WaitGroup
	defer func() {
		cancel()
		awaiting.Wait()
		err = errors.Join(err, <-stopped)
	}()

	missing, err := c.watchOptional(ctx)
	if err != nil {
		return err
	}
	if !c.cache.WaitForCacheSync(ctx) {
		return nil // Stopped before the API server had answered.
	}
	if len(missing) > 0 {
		c.log.Info("CRDs are not installed, or may not be read: serving without their kinds until they are", "kinds", names(missing))
		awaiting.Go(func() { c.awaitOptional(ctx, missing) })
	}
	c.work.mark()
	for c.work.wait(ctx) {
		c.build(ctx)
	}
	return nil
}

// build makes one snapshot and hands it over.
func (c *Controller) build(ctx context.Context) {
	c.lane.begin()
	if s, err := c.snapshot(ctx); err != nil {
		c.log.Error("no snapshot, the last table stays", "error", err)
	} else {
		c.opts.Build(ctx, s)
	}
	if err := c.lane.end(ctx); err != nil {
		c.log.Error("endpoints that changed during a build may be stale", "error", err)
	}
}

// watchBuiltin starts the watches of the kinds that every API server has.
func (c *Controller) watchBuiltin(ctx context.Context) error {
	if err := c.cache.IndexField(ctx, &discoveryv1.EndpointSlice{}, serviceIndex, serviceOf); err != nil {
		return fmt.Errorf("index EndpointSlices: %w", err)
	}
	if err := c.cache.IndexField(ctx, &discoveryv1.EndpointSlice{}, podIndex, podsOf); err != nil {
		return fmt.Errorf("index EndpointSlices: %w", err)
	}
	for _, kind := range builtin() {
		if err := c.watch(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

// watch starts the watch of one kind.
func (c *Controller) watch(ctx context.Context, kind client.Object) error {
	informer, err := c.cache.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watch %T: %w", kind, err)
	}
	handler := c.onObject()
	switch kind.(type) {
	case *discoveryv1.EndpointSlice:
		handler = c.onSlice(ctx)
	case *metav1.PartialObjectMetadata:
		handler = c.onPod(ctx)
	}
	if _, err := informer.AddEventHandler(handler); err != nil {
		return fmt.Errorf("watch %T: %w", kind, err)
	}
	return nil
}

// onObject marks the work key when an object comes, goes or changes in a way
// that matters.
func (c *Controller) onObject() toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { c.work.mark() },
		UpdateFunc: func(before, after any) {
			if matters(before.(client.Object), after.(client.Object), c.opts.PublishService) {
				c.work.mark()
			}
		},
		DeleteFunc: func(any) { c.work.mark() },
	}
}

// onPod sends the endpoints of Pods whose labels or annotations changed down the lane of
// EndpointSlices.
func (c *Controller) onPod(ctx context.Context) toolscache.ResourceEventHandler {
	send := func(object any) {
		pod, ok := object.(*metav1.PartialObjectMetadata)
		if !ok {
			return // Where a Pod is gone, its endpoints are.
		}
		if err := c.lane.podChanged(ctx, client.ObjectKeyFromObject(pod)); err != nil && ctx.Err() == nil {
			c.log.Error("endpoints may be stale", "pod", client.ObjectKeyFromObject(pod), "error", err)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: send,
		UpdateFunc: func(before, after any) {
			b, a := before.(*metav1.PartialObjectMetadata), after.(*metav1.PartialObjectMetadata)
			if !maps.Equal(b.Labels, a.Labels) || !maps.Equal(b.Annotations, a.Annotations) {
				send(a)
			}
		},
	}
}

// onSlice sends EndpointSlices down their own lane. A slice whose Service label
// changed belongs to both Services.
func (c *Controller) onSlice(ctx context.Context) toolscache.ResourceEventHandler {
	send := func(object any) {
		if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		slice, ok := object.(*discoveryv1.EndpointSlice)
		if !ok {
			return
		}
		if err := c.lane.changed(ctx, slice); err != nil && ctx.Err() == nil {
			c.log.Error("endpoints may be stale", "service", slice.Labels[discoveryv1.LabelServiceName], "error", err)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: send,
		UpdateFunc: func(before, after any) {
			b, a := before.(*discoveryv1.EndpointSlice), after.(*discoveryv1.EndpointSlice)
			if b.ResourceVersion == a.ResourceVersion {
				return
			}
			if b.Labels[discoveryv1.LabelServiceName] != a.Labels[discoveryv1.LabelServiceName] {
				send(b)
			}
			send(a)
		},
		DeleteFunc: send,
	}
}

// watchClient returns the HTTP client of lists and watches, which outlasts an
// API server that is away.
func watchClient(o Options) (*http.Client, error) {
	config := rest.CopyConfig(o.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &patient{
			next:  next,
			pause: outageRetry,
			outage: func(err error) {
				o.Logger.Warn("the API server cannot be reached: serving the last table until it can", "error", err)
			},
			back: func() { o.Logger.Info("the API server is back") },
		}
	})
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("HTTP client: %w", err)
	}
	return httpClient, nil
}

// redirected guards the loggers of the Kubernetes libraries, which are global and
// may not be set while they are in use.
var redirected sync.Once

// redirectLogs hands the logs of client-go and controller-runtime to a logger.
func redirectLogs(logger *slog.Logger) {
	redirected.Do(func() {
		sink := logr.FromSlogHandler(logger.Handler())
		log.SetLogger(sink)
		klog.SetLogger(sink)
	})
}

// pause waits for d. It returns false when ctx is done first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
