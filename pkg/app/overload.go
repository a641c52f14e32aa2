package app

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/sluice-dev/sluice/pkg/limit/pressure"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// Bounds are what clients can make the process hold and wait for at the most.
type Bounds struct {
	// MaxConnections and those below are fields of proxy.Options.
	MaxConnections, MaxConnectionsPerClient int
	MaxHandshakes, MaxWaitingHandshakes     int
	// Limits are those of messages, HTTP2 those of connections with many of them; only the fields with a flag count.
	Limits h1.Limits
	HTTP2  h2.Options
	// Timeouts are those of clients' connections; only the fields with a flag count.
	Timeouts proxy.Timeouts
	// BackendKeepAlive and BackendMaxAge are IdleTimeout and MaxAge of upstream.Options.
	BackendKeepAlive, BackendMaxAge time.Duration
	// Memory is what the process may use.
	Memory MemoryLimit
}

// defaultBounds returns the bounds without any flag.
func defaultBounds() Bounds {
	return Bounds{
		MaxWaitingHandshakes: proxy.DefaultWaitingHandshakes,
		Limits:               h1.DefaultLimits(),
		HTTP2:                h2.DefaultOptions(),
		Timeouts:             proxy.DefaultTimeouts(),
		BackendKeepAlive:     upstream.DefaultIdleTimeout,
		BackendMaxAge:        upstream.DefaultMaxAge,
		Memory:               MemoryAuto,
	}
}

// boundFlags are the flags of Bounds.
var boundFlags = []option{
	{"max-connections", "NUMBER", "open connections of one listener; those beyond it wait in the kernel's queue, while the ones that have waited longest for a request are closed; 0 is no bound", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.MaxConnections) }},
	{"max-connections-per-client", "NUMBER", "open connections of one client: an IPv4 address, or an IPv6 /64; those beyond it are closed; 0 is no bound, and networks of --trusted-proxies have none", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.MaxConnectionsPerClient) }},
	{"max-handshakes", "NUMBER", "TLS handshakes that are computed at once; others wait, and clients take turns; 0 is four for each CPU", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.MaxHandshakes) }},
	{"max-waiting-handshakes", "NUMBER", "TLS handshakes that may wait; beyond it the client with the most of them loses one; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.MaxWaitingHandshakes) }},
	{"max-header-bytes", "NUMBER", "bytes of a request's head; more is answered 431; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.Limits.MaxHeadBytes) }},
	{"max-header-fields", "NUMBER", "header fields of a request; more is answered 431; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.Limits.MaxFields) }},
	{"max-target-bytes", "NUMBER", "bytes of a request's path and query; more is answered 414; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.Limits.MaxTargetBytes) }},
	{"max-chunk-extension-bytes", "NUMBER", "bytes of the chunk extensions of a request's body, in total; they are dropped, and more is answered 400; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.Limits.MaxChunkExtBytes) }},
	{"max-trailer-bytes", "NUMBER", "bytes of a request's trailer section; more is answered 431; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.Limits.MaxTrailerBytes) }},
	{"underscores-in-headers", "", "let request fields with \"_\" in their names pass, but for those that many programs take for a field of Sluice's own, such as X_Forwarded_For; without it all are dropped", bothVerbs, func(o *Options) flag.Value { return (*boolValue)(&o.Limits.KeepUnderscores) }},
	{"max-streams", "NUMBER", "requests that one connection of HTTP/2 or HTTP/3 may have open at once; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.HTTP2.MaxStreams) }},
	{"http2-stream-window", "NUMBER", "bytes of a request's body that may wait in one stream of HTTP/2, and not less than 65535; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.HTTP2.StreamWindow) }},
	{"http2-connection-window", "NUMBER", "bytes of request bodies that may wait in all streams of one connection of HTTP/2, and not less than 65535; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*intValue)(&o.HTTP2.ConnWindow) }},
	{"hello-timeout", "DURATION", "how long the ClientHello of TLS may take where its server name decides what a connection is for, and the header of the PROXY protocol; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.Timeouts.Hello) }},
	{"handshake-timeout", "DURATION", "how long a TLS handshake may take; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.Timeouts.Handshake) }},
	{"first-request-timeout", "DURATION", "how long a new connection may be without the first byte of a request; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.Timeouts.First) }},
	{"header-timeout", "DURATION", "how long the head of a request may take, from its first byte to its last; it is answered 408 then; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.Timeouts.Head) }},
	{"keepalive-timeout", "DURATION", "how long a connection may be without a request after the first one; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.Timeouts.KeepAlive) }},
	{"min-body-rate", "BYTES", "how many bytes of a request's body a client must send per second on average, of the time that is spent waiting for it and beyond a grace of 10s, until the response begins; it is answered 408 then; -1 is no bound, 0 the default; gRPC is not bound", bothVerbs, func(o *Options) flag.Value { return (*rateValue)(&o.Timeouts.BodyRate) }},
	{"body-buffer-dir", "FOLDER", "where bodies that a route has buffered go beyond what is kept in memory, in files without a name; the system's folder for such where it is empty", bothVerbs, func(o *Options) flag.Value { return text(&o.Buffering.Dir) }},
	{"body-buffer-memory", "BYTES", "how much memory bodies that are buffered may take together; 0 is the default, 67108864", bothVerbs, func(o *Options) flag.Value { return (*bytesValue)(&o.Buffering.MaxMemory) }},
	{"body-buffer-disk", "BYTES", "how much disk they may take together; a request beyond is answered 503, and a response waits at its back end; responses take three quarters of it, and of the memory, at most; 0 is the default, 1073741824", bothVerbs, func(o *Options) flag.Value { return (*bytesValue)(&o.Buffering.MaxDisk) }},
	{"client-write-timeout", "DURATION", "how long a client may take no byte of a response; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.Timeouts.Write) }},
	{"backend-keepalive-timeout", "DURATION", "how long a connection to a back end may be without a request and still be used for another; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.BackendKeepAlive) }},
	{"backend-connection-age", "DURATION", "how old a connection to a back end may be and still be used for another request; 0 is the default", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.BackendMaxAge) }},
	{"memory-limit", "SIZE", "memory that the process may use, such as 512Mi: from 85 % on idle connections are closed, from 90 % on new ones are refused too, and from 95 % on requests (503); auto is the limit of the container, where there is one, and off none", bothVerbs, func(o *Options) flag.Value { return (*memoryValue)(&o.Memory) }},
}

// MemoryLimit is a number of bytes, or one of the two below.
type MemoryLimit int64

const (
	// MemoryOff sets no limit.
	MemoryOff MemoryLimit = 0
	// MemoryAuto takes that of the container.
	MemoryAuto MemoryLimit = -1
)

type memoryValue MemoryLimit

func (v *memoryValue) String() string {
	switch MemoryLimit(*v) {
	case MemoryOff:
		return off
	case MemoryAuto:
		return "auto"
	}
	return strconv.FormatInt(int64(*v), 10)
}

func (v *memoryValue) Set(s string) error {
	switch s {
	case off:
		*v = memoryValue(MemoryOff)
		return nil
	case "auto":
		*v = memoryValue(MemoryAuto)
		return nil
	}
	q, err := resource.ParseQuantity(strings.TrimSpace(s))
	if err != nil || q.Value() < leastMemory || q.Value() == math.MaxInt64 {
		return fmt.Errorf("%q is not auto, off or a size from 32Mi up, such as 512Mi", s)
	}
	*v = memoryValue(q.Value())
	return nil
}

// leastMemory is below what the process needs without any client.
const leastMemory = 32 << 20

// newPressure makes the watch over memory, nil where there is no limit.
func (o *Options) newPressure() *pressure.Monitor {
	limit := uint64(max(o.Memory, 0))
	if o.Memory == MemoryAuto {
		limit = pressure.ContainerLimit()
	}
	if limit == 0 {
		return nil
	}
	return pressure.NewMonitor(pressure.Options{Limit: limit, Used: pressure.Used})
}

// watchMemory sheds load where memory is short, until the process has stopped.
func (a *App) watchMemory() {
	if a.pressure == nil {
		return
	}
	if _, own := os.LookupEnv("GOMEMLIMIT"); !own {
		debug.SetMemoryLimit(int64(a.pressure.Limit() / 100 * pressure.CollectAt))
	}
	a.metrics.Pressure(func() metrics.PressureGauges {
		return metrics.PressureGauges{Level: int(a.pressure.Level()), Used: a.pressure.Used(), Limit: a.pressure.Limit()}
	})
	ctx, stop := context.WithCancel(context.Background())
	a.unwatch = stop
	a.serving.Go(func() { a.pressure.Run(ctx, a.pressureChanged, a.proxy.Shed) })
}

// pressureChanged is called when the level of the watch over memory has changed.
func (a *App) pressureChanged(from, to pressure.Level) {
	level, message := slog.LevelWarn, "memory is short"
	if to < from {
		level, message = slog.LevelInfo, "memory is less short"
	}
	a.log.Log(context.Background(), level, message, "level", int(to), "used", a.pressure.Used(), "limit", a.pressure.Limit())
}
