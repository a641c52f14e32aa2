package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"

	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// TestDefaultBounds holds the defaults to what is promised of a process that nobody has told anything.
func TestDefaultBounds(t *testing.T) {
	o, err := parse(t, VerbController)
	if err != nil {
		t.Fatal(err)
	}
	limits := h1.Limits{MaxHeadBytes: 65536, MaxFields: 100, MaxTargetBytes: 16384, MaxChunkExtBytes: 1024, MaxTrailerBytes: 8192}
	if diff := cmp.Diff(limits, o.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	times := proxy.Timeouts{
		Handshake: 10 * time.Second, Hello: 5 * time.Second, Head: 10 * time.Second, First: 30 * time.Second, KeepAlive: time.Minute,
		Write: time.Minute, BodyRate: 240, BodyGrace: 10 * time.Second, Linger: time.Second, DrainIdle: 3 * time.Second,
	}
	if diff := cmp.Diff(times, o.Timeouts); diff != "" {
		t.Errorf("timeouts (-want +got):\n%s", diff)
	}
	streams := [...]int{100, 65536, 1 << 20}
	if got := [...]int{o.HTTP2.MaxStreams, o.HTTP2.StreamWindow, o.HTTP2.ConnWindow}; got != streams {
		t.Errorf("HTTP/2 has the bounds %v, want %v", got, streams)
	}
	if o.BackendKeepAlive != time.Minute || o.BackendMaxAge != time.Hour {
		t.Errorf("connections to back ends are kept for %v and %v", o.BackendKeepAlive, o.BackendMaxAge)
	}
	if o.TLS.MinVersion != "1.2" || o.H2C != "prior-knowledge" || o.HTTP3 || len(o.TrustedProxies)+len(o.ProxyProtocol) > 0 {
		t.Errorf("got %+v", o)
	}
}

func TestFlagsSetBounds(t *testing.T) {
	for arg, want := range map[string]func(*Options){
		"--max-connections=7":             func(o *Options) { o.MaxConnections = 7 },
		"--max-connections-per-client=7":  func(o *Options) { o.MaxConnectionsPerClient = 7 },
		"--max-handshakes=7":              func(o *Options) { o.MaxHandshakes = 7 },
		"--max-waiting-handshakes=7":      func(o *Options) { o.MaxWaitingHandshakes = 7 },
		"--max-header-bytes=7":            func(o *Options) { o.Limits.MaxHeadBytes = 7 },
		"--max-header-fields=7":           func(o *Options) { o.Limits.MaxFields = 7 },
		"--max-target-bytes=7":            func(o *Options) { o.Limits.MaxTargetBytes = 7 },
		"--max-chunk-extension-bytes=7":   func(o *Options) { o.Limits.MaxChunkExtBytes = 7 },
		"--max-trailer-bytes=7":           func(o *Options) { o.Limits.MaxTrailerBytes = 7 },
		"--underscores-in-headers":        func(o *Options) { o.Limits.KeepUnderscores = true },
		"--max-streams=7":                 func(o *Options) { o.HTTP2.MaxStreams = 7 },
		"--http2-stream-window=70000":     func(o *Options) { o.HTTP2.StreamWindow = 70000 },
		"--http2-connection-window=70000": func(o *Options) { o.HTTP2.ConnWindow = 70000 },
		"--hello-timeout=7s":              func(o *Options) { o.Timeouts.Hello = 7 * time.Second },
		"--handshake-timeout=7s":          func(o *Options) { o.Timeouts.Handshake = 7 * time.Second },
		"--first-request-timeout=7s":      func(o *Options) { o.Timeouts.First = 7 * time.Second },
		"--header-timeout=7s":             func(o *Options) { o.Timeouts.Head = 7 * time.Second },
		"--keepalive-timeout=7s":          func(o *Options) { o.Timeouts.KeepAlive = 7 * time.Second },
		"--min-body-rate=7":               func(o *Options) { o.Timeouts.BodyRate = 7 },
		"--client-write-timeout=7s":       func(o *Options) { o.Timeouts.Write = 7 * time.Second },
		"--backend-keepalive-timeout=7s":  func(o *Options) { o.BackendKeepAlive = 7 * time.Second },
		"--backend-connection-age=7s":     func(o *Options) { o.BackendMaxAge = 7 * time.Second },
		"--body-buffer-dir=/d":            func(o *Options) { o.Buffering.Dir = "/d" },
		"--body-buffer-memory=7":          func(o *Options) { o.Buffering.MaxMemory = 7 },
		"--body-buffer-disk=7":            func(o *Options) { o.Buffering.MaxDisk = 7 },
		"--memory-limit=64Mi":             func(o *Options) { o.Memory = 64 << 20 },
	} {
		t.Run(arg, func(t *testing.T) {
			got, err := parse(t, VerbController, arg)
			if err != nil {
				t.Fatal(err)
			}
			o := VerbController.Defaults()
			want(&o)
			if diff := cmp.Diff(o, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, f := range boundFlags {
		if !strings.Contains(f.doc, "default") && !strings.Contains(f.doc, "0 is") && f.value != "" && !strings.HasPrefix(f.name, "body-") && f.name != "memory-limit" {
			t.Errorf("--%s does not say what 0 stands for", f.name)
		}
	}
}

// TestBoundsReachTheProxy sends what is just beyond a bound.
func TestBoundsReachTheProxy(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
	get := func(more string) string {
		return "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n" + more + "\r\n"
	}
	long := strings.Repeat("x", 600)
	for name, tt := range map[string]struct {
		change func(*Options)
		send   string
		// want is how the answer begins, "" for none.
		want string
	}{
		"a head":                 {func(o *Options) { o.Limits.MaxHeadBytes = 512 }, get("X: " + long + "\r\n"), "HTTP/1.1 431 "},
		"a head within":          {nil, get("X: " + long + "\r\n"), "HTTP/1.1 200 "},
		"fields":                 {func(o *Options) { o.Limits.MaxFields = 2 }, get("X: y\r\n"), "HTTP/1.1 431 "},
		"a target":               {func(o *Options) { o.Limits.MaxTargetBytes = 512 }, strings.Replace(get(""), "/", "/"+long, 1), "HTTP/1.1 414 "},
		"chunk extensions":       {func(o *Options) { o.Limits.MaxChunkExtBytes = 512 }, post + "1;" + long + "\r\nx\r\n0\r\n\r\n", "HTTP/1.1 400 "},
		"chunk extensions below": {nil, post + "1;" + long + "\r\nx\r\n0\r\n\r\n", "HTTP/1.1 200 "},
		"a trailer section":      {func(o *Options) { o.Limits.MaxTrailerBytes = 512 }, post + "0\r\nX: " + long + "\r\n\r\n", "HTTP/1.1 431 "},
		"silence":                {func(o *Options) { o.Timeouts.First = 10 * time.Millisecond }, "", ""},
		"a slow head":            {func(o *Options) { o.Timeouts.Head = 10 * time.Millisecond }, "GET / HT", "HTTP/1.1 408 "},
		"an idle connection":     {func(o *Options) { o.Timeouts.KeepAlive = 10 * time.Millisecond }, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "HTTP/1.1 200 "},
		"a slow header of the PROXY protocol": {func(o *Options) {
			o.Timeouts.Hello = 10 * time.Millisecond
			o.ProxyProtocol = append(o.ProxyProtocol, loopback)
		}, "PROXY TCP4 ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := serving(t, tt.change)
			nc, err := net.Dial("tcp", a.HTTP.String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if _, err := io.WriteString(nc, tt.send); err != nil {
				t.Fatal(err)
			}
			// Without the bound this would not end, or be answered otherwise.
			if got, _ := io.ReadAll(nc); !strings.HasPrefix(string(got), tt.want) || tt.want == "" && len(got) > 0 {
				t.Errorf("got %q", got)
			}
		})
	}
	t.Run("HTTP/2", func(t *testing.T) {
		a := serving(t, func(o *Options) { o.HTTP2 = h2.Options{MaxStreams: 7, StreamWindow: 70_000, ConnWindow: 80_000} })
		nc, err := net.Dial("tcp", a.HTTP.String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		f := http2.NewFramer(nc, nc)
		if _, err := io.WriteString(nc, http2.ClientPreface); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteSettings(); err != nil {
			t.Fatal(err)
		}
		var said string
		for !strings.Contains(said, "more") {
			frame, err := f.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				streams, _ := frame.Value(http2.SettingMaxConcurrentStreams)
				window, _ := frame.Value(http2.SettingInitialWindowSize)
				if !frame.IsAck() {
					said += fmt.Sprintf("%d streams of %d, ", streams, window)
				}
			case *http2.WindowUpdateFrame:
				said += fmt.Sprintf("%d more", frame.Increment)
			}
		}
		if said != "7 streams of 70000, 14465 more" {
			t.Errorf("it says %q", said)
		}
	})
}

// TestConnectionsToBackendsGrowAsOldAsTheyMay sends requests in turn, where no connection may be used again.
func TestConnectionsToBackendsGrowAsOldAsTheyMay(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"by default": nil,
		"idle":       func(o *Options) { o.BackendKeepAlive = time.Nanosecond },
		"old":        func(o *Options) { o.BackendMaxAge = time.Nanosecond },
	} {
		t.Run(name, func(t *testing.T) {
			from := make(chan string, 2)
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { from <- r.RemoteAddr }))
			t.Cleanup(server.Close)
			a := serving(t, change)
			b := &slowBackend{address: server.Listener.Addr().(*net.TCPAddr).AddrPort()}
			a.publisher.publish(b.manifests(), nil)
			twice := func() bool {
				want(t, a.HTTP, "a.example", "/", 200, "")
				want(t, a.HTTP, "a.example", "/", 200, "")
				first := <-from
				return first == <-from
			}
			if change == nil { // A request may come before the connection of the one ahead is free.
				eventually(t, "a connection is used again", func() (bool, any) { return twice(), nil })
			} else if twice() {
				t.Error("a connection was used again")
			}
		})
	}
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// serving starts a process that serves a.example.
func serving(t *testing.T, change func(*Options)) *App {
	t.Helper()
	a := newApp(t, change)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = a.Stop(ctx) // Connections that are open are cut off.
	})
	a.publisher.publish(newSlowBackend(t).manifests(), nil)
	return a
}
