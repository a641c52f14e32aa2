package app

import (
	"io"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/proxy"
)

// Options are what a Sluice process can be told. DefaultOptions says what they
// are without flags; each field with a flag is described in flags.go.
type Options struct {
	HTTPAddr, HTTPSAddr string
	// OpsAddr and AdminAddr may be "off".
	OpsAddr, AdminAddr string
	// IngressClasses that are served; empty means every class (serve alone).
	IngressClasses []string
	// AlternativeDomains are where the hosts of these classes answer, too.
	AlternativeDomains []translate.AlternativeDomain
	LogFormat          string
	LogLevel           slog.Level
	DebugHeaders       bool
	TrustedProxies     []netip.Prefix
	// ProxyProtocol is proxy.Options.ProxyProtocol.
	ProxyProtocol []netip.Prefix
	Bounds
	// Forwarded is one of the words of proxy.Forwarded, Via proxy.Options.Via.
	Forwarded, Via string
	// AmbiguousPaths is "refuse" or "pass": see proxy.Options.PassAmbiguous.
	AmbiguousPaths string
	// Buffering bounds bodies that are kept.
	Buffering proxy.Buffering
	TLS       TLSWords
	// H2C is one of the words of proxy.H2C.
	H2C string
	// HTTP3 serves HTTP/3 as well, where a listener does not say otherwise.
	HTTP3 bool
	// SessionKey signs what binds clients to endpoints; empty makes one up.
	SessionKey string
	// Zone is the topology zone of this process, empty where it is not known.
	Zone string
	// DrainDelay is how long the process goes on accepting after readiness has
	// failed; DrainTimeout bounds what comes then.
	DrainDelay, DrainTimeout time.Duration
	// DefaultCertificate is the Secret for names without a certificate of their own.
	DefaultCertificate types.NamespacedName

	// Map gives Services of a folder an endpoint (serve alone).
	Map []MappedService
	// PortMap are the ports of this host that stand for ports of Gateways (serve alone).
	PortMap map[uint16]uint16

	// The rest is for the controller alone.
	PublishService          types.NamespacedName
	PublishStatusAddresses  []string
	PodsService             types.NamespacedName
	WatchNamespace          string
	LeaderElect             bool
	LeaderElectionNamespace string
	LeaderElectionID        string
	Kubeconfig              string

	// Config reaches the API server; nil means Kubeconfig, or what the Pod is given.
	Config *rest.Config
	// Log and AccessLog are where lines go; nil means standard error and output.
	Log, AccessLog io.Writer
}

// drainDelay is how long a Pod goes on accepting: as long as kube-proxy and load
// balancers may take to leave it out.
const drainDelay = 10 * time.Second

// Defaults returns the options of a verb without any flag.
func (v Verb) Defaults() Options {
	o := DefaultOptions()
	if v == VerbController {
		o.DrainDelay = drainDelay
	}
	return o
}

// DefaultOptions returns the options without any flag, of a process without a cluster.
func DefaultOptions() Options {
	return Options{
		HTTPAddr:         ":8080",
		HTTPSAddr:        ":8443",
		OpsAddr:          ":10254",
		AdminAddr:        "127.0.0.1:9901",
		LogFormat:        "json",
		H2C:              "prior-knowledge",
		Forwarded:        "off",
		AmbiguousPaths:   "refuse",
		Bounds:           defaultBounds(),
		TLS:              TLSWords{MinVersion: "1.2", MaxVersion: "1.3"},
		DrainTimeout:     30 * time.Second,
		LeaderElect:      true,
		LeaderElectionID: "sluice-leader",
	}
}

// off is the value that disables a listener of Sluice's own.
const off = "off"

// logWriter is where the process's own log goes.
func (o *Options) logWriter() io.Writer {
	if o.Log != nil {
		return o.Log
	}
	return os.Stderr
}

func (o *Options) accessLogWriter() io.Writer {
	if o.AccessLog != nil {
		return o.AccessLog
	}
	return os.Stdout
}

// logger makes the process's logger.
func (o *Options) logger() *slog.Logger {
	level := &slog.HandlerOptions{Level: o.LogLevel}
	if o.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(o.logWriter(), level))
	}
	return slog.New(slog.NewJSONHandler(o.logWriter(), level))
}
