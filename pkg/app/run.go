package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/sluice-dev/sluice/pkg/kube/controller"
	"github.com/sluice-dev/sluice/pkg/kube/files"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/status"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Serve serves the manifests below path until ctx ends, follows their changes,
// and drains. started is called once the first table is served; it may be nil.
// An error before that means that nothing was served.
func (a *App) Serve(ctx context.Context, path string, started func()) error {
	a.publisher.allowLocal()
	a.publisher.options.ReportEndpoints = true
	a.publisher.options.Offline, a.publisher.options.PortMap = true, a.options.PortMap
	a.publisher.options.AllClasses = len(a.options.IngressClasses) == 0
	watcher := &files.Watcher{Path: path}
	return a.run(ctx, func(ctx context.Context) error {
		// Clients reach the sockets themselves, without a Service in front.
		a.publisher.options.HTTPSPort = portOf(a.HTTPS)
		a.publisher.options.OwnHTTP, a.publisher.options.OwnHTTPS = portOf(a.HTTP), portOf(a.HTTPS)
		first := true
		return watcher.Run(ctx, func(s *snapshot.Snapshot, loaded *report.Set) {
			a.publisher.publish(s, loaded)
			if first && started != nil {
				started()
			}
			first = false
		})
	})
}

// portOf returns the port of a TCP address.
func portOf(address net.Addr) uint16 { return address.(*net.TCPAddr).AddrPort().Port() }

// portOfAddress returns the port of an address that is to be bound, 0 for one that is none.
func portOfAddress(address string) uint16 {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(port)
}

// Controller serves a cluster until ctx ends, and drains.
func (a *App) Controller(ctx context.Context) error {
	config, err := a.restConfig()
	if err != nil {
		return err
	}
	if config.Dial == nil {
		config = rest.CopyConfig(config)
		config.Dial = (&net.Dialer{Timeout: apiDialTimeout, KeepAlive: 15 * time.Second}).DialContext
	}
	a.publisher.pods = a.options.PodsService
	a.publisher.options.ReplicasUnknown = a.options.PodsService.Name == ""
	var writer *status.Writer
	source, err := controller.New(controller.Options{
		Config:         config,
		Logger:         a.log,
		Namespace:      a.options.WatchNamespace,
		Certificate:    a.options.DefaultCertificate,
		PublishService: a.options.PublishService,
		Pods:           a.options.PodsService,
		Build:          func(_ context.Context, s *snapshot.Snapshot) { a.publisher.publish(s, nil) },
		Endpoints: func(service types.NamespacedName, slices []*discoveryv1.EndpointSlice, pods snapshot.Pods) bool {
			build := a.publisher.endpoints(service, slices, pods)
			if service == a.options.PodsService {
				a.publisher.replicas(slices)
				writer.Wake() // The Services of Gateways lead to them.
			}
			return build
		},
	})
	if err != nil {
		return err
	}
	identity := podName()
	writer = status.New(status.Options{
		Client:           source.Client(),
		Logger:           a.log,
		Instance:         identity,
		Classes:          a.publisher.options.Classes(),
		PublishService:   a.options.PublishService,
		PublishAddresses: a.options.PublishStatusAddresses,
		Pods:             a.options.PodsService,
		Backends:         a.backends,
	})
	a.inService.Store(&pacer{after: time.Second, call: writer.Wake})
	a.publisher.reported = writer.Report
	return a.run(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		electing := make(chan error, 1)
		go func() { electing <- a.lead(ctx, controller.Election{Config: config, Identity: identity}, writer.Run) }()
		err := source.Run(ctx)
		cancel() // A source that failed leaves nothing to lead.
		return errors.Join(err, <-electing)
	})
}

// lead runs what only one replica may do.
func (a *App) lead(ctx context.Context, e controller.Election, work func(context.Context)) error {
	if !a.options.LeaderElect {
		work(ctx)
		return nil
	}
	e.Logger = a.log
	e.Name = a.options.LeaderElectionID
	e.Namespace = a.options.LeaderElectionNamespace
	if e.Namespace == "" {
		e.Namespace = podNamespace()
	}
	return e.Run(ctx, work)
}

// run starts, follows the source until ctx ends or something fails, and stops.
// What the source watches goes on while the process drains, so that endpoints
// are followed to the end.
func (a *App) run(ctx context.Context, follow func(context.Context) error) error {
	if err := a.Start(); err != nil {
		return errors.Join(err, a.abort())
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer trimUntilStopped()()
	ended := make(chan error, 1)
	go func() { ended <- follow(following) }()
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-a.failed:
	case err := <-ended:
		if err == nil {
			err = errors.New("the source of manifests ended by itself")
		}
		if a.publisher.served.Load() == nil {
			return errors.Join(err, a.abort())
		}
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	// A process that is told to end twice is ended by its caller; draining itself
	// has its own bound.
	stopped := a.Stop(context.WithoutCancel(ctx))
	stop()
	return errors.Join(cause, stopped, <-ended)
}

// apiDialTimeout bounds a connection to the API server. client-go's 30 s are
// too long for one that is away: kube-proxy answers for a Service without
// endpoints by ICMP, which the kernel sends once a second at the most, so that
// most attempts hang until this is over, even when the server is back.
const apiDialTimeout = 3 * time.Second

// restConfig finds the API server: the options' own, a kubeconfig, or the Pod's.
func (a *App) restConfig() (*rest.Config, error) {
	if a.options.Config != nil {
		return a.options.Config, nil
	}
	if a.options.Kubeconfig != "" {
		config, err := clientcmd.BuildConfigFromFlags("", a.options.Kubeconfig)
		if err != nil {
			return nil, fmt.Errorf("--kubeconfig: %w", err)
		}
		return config, nil
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("no API server: not in a Pod, and no --kubeconfig: %w", err)
	}
	return config, nil
}

// podName is what tells this replica from the others.
func podName() string {
	if name := os.Getenv("POD_NAME"); name != "" {
		return name
	}
	name, err := os.Hostname()
	if err != nil {
		return "sluice"
	}
	return name
}

func podNamespace() string {
	if namespace := os.Getenv("POD_NAMESPACE"); namespace != "" {
		return namespace
	}
	return "default"
}
