package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// errLocalName says that a name stands only for addresses that names may not stand for.
var errLocalName = errors.New("the name resolves only to addresses of this machine or its link, which is not allowed")

const (
	// lookupTime bounds one question to the resolver.
	lookupTime = 5 * time.Second
	// failureFor is how long a failed look-up is not repeated.
	failureFor = time.Second
	// lastGoodFor is how long addresses are used when the resolver fails, other
	// than by saying that the name does not exist.
	lastGoodFor = 5 * time.Minute
)

// names resolves the names of endpoints, each at most once at a time.
type names struct {
	resolve    func(context.Context, string) ([]netip.Addr, error)
	keepFor    time.Duration
	allowLocal bool
	// ctx ends the look-ups under way when the registry is closed.
	ctx    context.Context
	cancel context.CancelFunc
	asking sync.WaitGroup

	mu     sync.Mutex
	byName map[string]*name
}

// name is what is known of one name; names.mu guards it.
type name struct {
	addrs []netip.Addr
	// good is when addrs was resolved, asked is when the resolver answered last.
	good, asked time.Time
	// used is when it was looked up last.
	used time.Time
	// err is the resolver's last answer.
	err error
	// asking is closed when the look-up under way ends; nil where there is none.
	asking chan struct{}
}

func newNames(o Options) *names {
	n := &names{resolve: o.Resolve, keepFor: o.ResolveFor, allowLocal: o.AllowLocalNames, byName: make(map[string]*name)}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// close ends the look-ups under way and waits for them.
func (n *names) close() {
	n.mu.Lock()
	n.cancel()
	n.mu.Unlock()
	n.asking.Wait()
}

// lookup returns at least one address, or an error.
func (n *names) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	known := n.byName[host]
	if known == nil {
		known = new(name)
		n.byName[host] = known
	}
	now := time.Now()
	known.used = now
	if addrs, err, fresh := known.answer(now, n.keepFor); fresh {
		n.mu.Unlock()
		return addrs, err
	}
	if n.ctx.Err() != nil {
		n.mu.Unlock()
		return nil, n.ctx.Err()
	}
	if known.asking == nil {
		known.asking = make(chan struct{})
		n.asking.Go(func() { n.ask(host, known) })
	}
	asking := known.asking
	n.mu.Unlock()

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-asking:
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(known.addrs) > 0 {
		return known.addrs, nil
	}
	return nil, known.err
}

// answer returns what may be answered without asking; names.mu is held.
func (k *name) answer(now time.Time, keepFor time.Duration) (addrs []netip.Addr, err error, fresh bool) {
	switch {
	case k.asked.IsZero():
		return nil, nil, false
	case k.err == nil:
		return k.addrs, nil, now.Sub(k.asked) < keepFor
	case len(k.addrs) > 0:
		return k.addrs, nil, now.Sub(k.asked) < failureFor
	default:
		return nil, k.err, now.Sub(k.asked) < failureFor
	}
}

// ask asks the resolver. It is not bound to the context of the one who happened
// to come first, since others wait for the same answer.
func (n *names) ask(host string, k *name) {
	ctx, cancel := context.WithTimeout(n.ctx, lookupTime)
	defer cancel()
	addrs, err := n.resolve(ctx, host)
	if err == nil {
		addrs, err = n.allowed(host, addrs)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	k.asked, k.err = time.Now(), err
	var failure *net.DNSError
	switch {
	case err == nil:
		k.addrs, k.good = addrs, k.asked
	case errors.As(err, &failure) && !failure.IsNotFound && k.asked.Sub(k.good) < lastGoodFor:
	default:
		k.addrs = nil
	}
	close(k.asking)
	k.asking = nil
}

// allowed leaves out the addresses that a name may not stand for.
func (n *names) allowed(host string, addrs []netip.Addr) ([]netip.Addr, error) {
	if len(addrs) == 0 {
		return nil, fmt.Errorf("the name %q has no address", host)
	}
	var kept []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); n.allowLocal || !isLocal(a) {
			kept = append(kept, a)
		}
	}
	if len(kept) == 0 {
		return nil, errLocalName
	}
	return kept, nil
}

// sweep forgets names that nobody has looked up for a while.
func (n *names) sweep(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for host, k := range n.byName {
		if k.asking == nil && now.Sub(k.used) > lastGoodFor {
			delete(n.byName, host)
		}
	}
}

var (
	// thisNetwork is "this host on this network" (RFC 1122 section 3.2.1.3).
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.MustParseAddr("255.255.255.255")
	// nat64 holds IPv4 addresses in its last 32 bits (RFC 6052 section 2.1).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// isLocal says whether an address is one of this machine or its link.
func isLocal(a netip.Addr) bool {
	if nat64.Contains(a) {
		bytes := a.As16()
		a = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		thisNetwork.Contains(a) || a == broadcast
}
