package jwks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	// fetchTimeout bounds one request for a key set.
	fetchTimeout = 10 * time.Second
	// maxText bounds a key set in bytes.
	maxText = 1 << 20
	// maxRedirects bounds those that are followed.
	maxRedirects = 3
)

// Options are what a Registry can be told. The zero value is ready for use.
type Options struct {
	// AllowLocal allows URLs that lead to this machine or its link. They are refused
	// otherwise: whoever can write a URL into an object could reach Sluice's own ports with it.
	AllowLocal bool
	// Offline fetches nothing: no set is ever there.
	Offline bool
	// Transport makes the requests; nil means TCP and TLS 1.2 or newer.
	Transport http.RoundTripper
}

// Spec says where a key set is. Equal ones are fetched once.
type Spec struct {
	// URL is http or https.
	URL string
	// Refresh is how often it is fetched, at least a second.
	Refresh time.Duration
	// CAs are those that the host's certificate must lead to, in PEM form; empty means those
	// of the system.
	CAs string
}

// Registry keeps key sets up to date.
type Registry struct {
	opts Options

	// mu guards what follows.
	mu      sync.Mutex
	sources map[Spec]*Source
	closed  bool
	running sync.WaitGroup
}

// NewRegistry makes an empty registry.
func NewRegistry(o Options) *Registry {
	return &Registry{opts: o, sources: make(map[Spec]*Source)}
}

// Close stops fetching, and waits for the end of what is under way.
func (r *Registry) Close() {
	r.mu.Lock()
	r.closed = true
	for _, s := range r.sources {
		s.stop()
	}
	r.mu.Unlock()
	r.running.Wait()
}

// Acquire returns what keeps a key set up to date, until Release.
func (r *Registry) Acquire(spec Spec) (*Source, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sources[spec]; s != nil {
		s.users++
		return s, nil
	}
	if r.closed {
		return nil, errors.New("no keys are fetched any more")
	}
	client, err := r.client(spec.CAs)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Source{registry: r, spec: spec, client: client, stop: stop, users: 1, tried: make(chan struct{}), wanted: make(chan struct{}, 1)}
	r.sources[spec] = s
	if r.opts.Offline {
		return s, nil
	}
	r.running.Add(1)
	go func() {
		defer r.running.Done()
		s.run(ctx)
	}()
	return s, nil
}

// release drops one user of s.
func (r *Registry) release(s *Source) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(r.sources, s.spec)
		s.stop()
	}
}

// client makes what a key set is fetched by.
func (r *Registry) client(cas string) (*http.Client, error) {
	client := &http.Client{Timeout: fetchTimeout, Transport: r.opts.Transport, CheckRedirect: checkRedirect}
	if client.Transport != nil {
		return client, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if cas != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(cas)) {
			return nil, errors.New("there is no CA certificate in PEM form")
		}
	}
	dialer := &net.Dialer{Timeout: fetchTimeout}
	if !r.opts.AllowLocal {
		dialer.Control = refuseLocal
	}
	client.Transport = &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: true,
		DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
	}
	return client, nil
}

func checkRedirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) > maxRedirects:
		return errors.New("too many redirects")
	case before[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return errors.New("a redirect to clear text")
	}
	return nil
}

// refuseLocal keeps connections from this machine and its link.
func refuseLocal(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := at.Addr().Unmap()
	if a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() {
		return fmt.Errorf("the address %s is this machine's, or its link's", a)
	}
	return nil
}

// fetch gets the key set once.
func fetch(ctx context.Context, client *http.Client, url string) (*Set, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the status is %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxText+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxText:
		return nil, fmt.Errorf("it is longer than %d bytes", maxText)
	}
	return Parse(text)
}
