package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
)

// newApp makes an App on free ports that logs nowhere.
func newApp(t *testing.T, change func(*Options)) *App {
	t.Helper()
	o := DefaultOptions()
	const free = "127.0.0.1:0"
	o.HTTPAddr, o.HTTPSAddr, o.OpsAddr, o.AdminAddr = free, free, free, free
	o.Log, o.AccessLog = io.Discard, io.Discard
	if change != nil {
		change(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.publisher.options.AllClasses, a.publisher.options.LocalAddresses = true, true
	return a
}

// slowBackend is an endpoint that answers when it is released.
type slowBackend struct {
	address netip.AddrPort
	arrived chan struct{}
	release func()
}

func newSlowBackend(t *testing.T) *slowBackend {
	t.Helper()
	released := make(chan struct{})
	b := &slowBackend{arrived: make(chan struct{}, 1), release: sync.OnceFunc(func() { close(released) })}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			b.arrived <- struct{}{}
			<-released
		}
		fmt.Fprint(w, "served")
	}))
	t.Cleanup(server.Close)
	t.Cleanup(b.release)
	b.address = server.Listener.Addr().(*net.TCPAddr).AddrPort()
	return b
}

// manifests serve a.example from the back end.
func (b *slowBackend) manifests() *snapshot.Snapshot {
	slice := endpointSlice("a", b.address.Addr().String())
	*slice.Ports[0].Port = int32(b.address.Port())
	return snapshotOf(ingress("a.example", "a"), service("a"), slice)
}

// fetch sends a request on a connection of its own.
func fetch(address net.Addr, host, path string) (status int, body string, err error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+address.String()+path, nil)
	if err != nil {
		return 0, "", err
	}
	req.Host, req.Close = host, true
	resp, err := (&http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// want fails unless a request is answered like this.
func want(t *testing.T, address net.Addr, host, path string, status int, body string) {
	t.Helper()
	got, text, err := fetch(address, host, path)
	if err != nil || got != status || text != body {
		t.Errorf("%s of %s: got %d %q, %v; want %d %q", path, host, got, text, err, status, body)
	}
}

// closed waits until nothing accepts connections at an address.
func closed(t *testing.T, address net.Addr) {
	t.Helper()
	eventually(t, address.String()+" is closed", func() (bool, any) {
		conn, err := net.Dial("tcp", address.String())
		if err != nil {
			return true, nil
		}
		return false, conn.Close()
	})
}

func TestReadyFromTheFirstTableToTheDrain(t *testing.T) {
	b := newSlowBackend(t)
	a := newApp(t, func(o *Options) { o.DrainDelay = time.Hour })
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	want(t, a.Ops, "", "/healthz", 200, "ok\n")
	want(t, a.Ops, "", "/readyz", 503, "no table yet\n")
	a.publisher.publish(b.manifests(), nil)
	want(t, a.Ops, "", "/readyz", 200, "ok\n")
	want(t, a.HTTP, "a.example", "/", 200, "served")

	ctx, cut := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- a.Stop(ctx) }()
	eventually(t, "readiness fails", func() (bool, any) {
		status, body, err := fetch(a.Ops, "", "/readyz")
		return status == 503 && body == "draining\n", err
	})
	want(t, a.Ops, "", "/healthz", 200, "ok\n")
	want(t, a.HTTP, "a.example", "/", 200, "served") // Until load balancers have taken note.
	cut()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	for _, address := range []net.Addr{a.HTTP, a.HTTPS, a.Ops, a.Admin} {
		closed(t, address)
	}
}

// under is a request that its endpoint has not answered yet.
type under struct {
	body string
	err  error
}

// begin sends a request and returns once its endpoint has it.
func (b *slowBackend) begin(t *testing.T, a *App) <-chan under {
	t.Helper()
	done := make(chan under, 1)
	go func() {
		_, body, err := fetch(a.HTTP, "a.example", "/slow")
		done <- under{body, err}
	}()
	select {
	case <-b.arrived:
	case early := <-done:
		t.Fatalf("the request did not reach its endpoint: %q, %v", early.body, early.err)
	}
	return done
}

func TestWhatIsUnderWayFinishes(t *testing.T) {
	failed := errors.New("the source failed")
	tests := map[string]struct {
		// end ends the run: by the context or from within the source.
		end  func(cancel func(), source chan error)
		want error
	}{
		"when the process is told to end": {func(cancel func(), _ chan error) { cancel() }, nil},
		"when the source fails":           {func(_ func(), source chan error) { source <- failed }, failed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newSlowBackend(t)
			a := newApp(t, nil)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			source, serving, ran := make(chan error), make(chan struct{}), make(chan error, 1)
			go func() {
				ran <- a.run(ctx, func(ctx context.Context) error {
					a.publisher.publish(b.manifests(), nil)
					close(serving)
					select {
					case <-ctx.Done():
						return nil
					case err := <-source:
						return err
					}
				})
			}()
			<-serving
			request := b.begin(t, a)
			tt.end(cancel, source)
			closed(t, a.HTTP)
			b.release()
			if got := <-request; got.err != nil || got.body != "served" {
				t.Errorf("the request got %q, %v", got.body, got.err)
			}
			if err := <-ran; !errors.Is(err, tt.want) {
				t.Errorf("the run ended with %v, want %v", err, tt.want)
			}
		})
	}
}

func TestASourceThatEndsBeforeItServes(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"with an error":    {errors.New("stat nowhere: no such file"), "stat nowhere: no such file"},
		"without an error": {nil, "the source of manifests ended by itself"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			// Neither time is waited for, as nobody was served.
			a := newApp(t, func(o *Options) { o.DrainDelay, o.DrainTimeout = time.Hour, time.Hour })
			err := a.run(context.Background(), func(context.Context) error { return tt.err })
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			closed(t, a.HTTP)
		})
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := map[string]func(*Options) *string{
		"--http-addr":  func(o *Options) *string { return &o.HTTPAddr },
		"--https-addr": func(o *Options) *string { return &o.HTTPSAddr },
		"--ops-addr":   func(o *Options) *string { return &o.OpsAddr },
		"--admin-addr": func(o *Options) *string { return &o.AdminAddr },
	}
	for name, field := range tests {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, func(o *Options) { *field(o) = taken.Addr().String() })
			err := a.Serve(context.Background(), t.TempDir(), nil)
			if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), "address already in use") {
				t.Errorf("got %v, want it to begin with %s", err, name)
			}
			if a.HTTP != nil {
				closed(t, a.HTTP)
			}
		})
	}
}

// TestAListenerThatFails ends the process: it must not go on half deaf.
func TestAListenerThatFails(t *testing.T) {
	a := newApp(t, nil)
	failed := errors.New("accept: the descriptor is gone")
	err := a.run(context.Background(), func(ctx context.Context) error {
		a.publisher.publish(snapshotOf(), nil)
		a.serve(func() error { return failed })
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, failed) {
		t.Errorf("got %v, want %v", err, failed)
	}
}

func TestTwoAppsInOneProcess(t *testing.T) {
	b := newSlowBackend(t)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 2)
	var apps []*App
	for range 2 {
		a := newApp(t, nil)
		serving := make(chan struct{})
		go func() {
			ran <- a.run(ctx, func(ctx context.Context) error {
				a.publisher.publish(b.manifests(), nil)
				close(serving)
				<-ctx.Done()
				return nil
			})
		}()
		<-serving
		apps = append(apps, a)
	}
	for _, a := range apps {
		want(t, a.HTTP, "a.example", "/", 200, "served")
	}
	cancel()
	for range apps {
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}
}
