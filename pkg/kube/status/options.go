package status

import (
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Manager is the field manager of all writes.
const Manager = "sluice"

// Component is the name that Events are signed with.
const Component = "sluice.dev/ingress-controller"

// Options say what to publish and how to reach the API server.
type Options struct {
	// Client reads from the caches that builds are made of, and writes to the API
	// server (controller.Controller's Client).
	Client client.Client
	// Logger gets the writes that failed; nil is slog.Default.
	Logger *slog.Logger
	// Instance tells replicas apart in Events, such as the name of the Pod.
	Instance string
	// Classes say which objects are Sluice's own; no other is written to.
	Classes snapshot.Classes
	// PublishService is the Service whose addresses Ingresses publish; its zero
	// value means none. It is --publish-service.
	PublishService types.NamespacedName
	// PublishAddresses are addresses or host names that Ingresses publish instead.
	// It is --publish-status-address.
	PublishAddresses []string
	// Pods is the Service that selects Sluice's own Pods; the Services of Gateways
	// send to the same. Its zero value means that Gateways get no Services.
	Pods types.NamespacedName
	// Backends returns what is known now of the back ends of the ProxyRoutes that are served, each
	// once, in the order of the object; Wake tells that it may have changed. Nil means that nothing is known.
	Backends func() map[report.Origin][]Backend
	// Interval is the least time between two writes to one object, and between a
	// failed write and the next attempt; 0 is a second.
	Interval time.Duration
	// Resync is how often all objects are compared although nothing was reported,
	// to repair what others changed; 0 is a minute.
	Resync time.Duration
}
