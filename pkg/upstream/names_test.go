package upstream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLocalAddressesAreRefusedForNames(t *testing.T) {
	tests := map[string]bool{
		"127.0.0.1":                true,
		"127.1.2.3":                true,
		"::1":                      true,
		"::ffff:127.0.0.1":         true,
		"0.0.0.0":                  true,
		"0.1.2.3":                  true,
		"::":                       true,
		"169.254.169.254":          true,
		"::ffff:169.254.169.254":   true,
		"64:ff9b::169.254.169.254": true,
		"fe80::1":                  true,
		"224.0.0.1":                true,
		"ff02::1":                  true,
		"255.255.255.255":          true,
		"10.0.0.1":                 false,
		"64:ff9b::10.0.0.1":        false,
		"192.168.0.1":              false,
		"203.0.113.7":              false,
		"2001:db8::1":              false,
		"fd00::1":                  false,
	}
	for text, local := range tests {
		t.Run(text, func(t *testing.T) {
			want := netip.MustParseAddr(text)
			strict := newNames(Options{Resolve: always(text)}.complete())
			defer strict.close()
			_, err := strict.lookup(t.Context(), "x.test")
			if got := errors.Is(err, errLocalName); got != local {
				t.Errorf("refused: %v (%v), want %v", got, err, local)
			}
			lax := newNames(Options{Resolve: always(text), AllowLocalNames: true}.complete())
			defer lax.close()
			if got, err := lax.lookup(t.Context(), "x.test"); err != nil || !slices.Equal(got, []netip.Addr{want.Unmap()}) {
				t.Errorf("with AllowLocalNames: %v, %v", got, err)
			}
		})
	}
}

func TestLocalAddressesAreLeftOutOfSeveral(t *testing.T) {
	n := newNames(Options{Resolve: always("127.0.0.1", "10.0.0.1")}.complete())
	defer n.close()
	got, err := n.lookup(t.Context(), "x.test")
	if err != nil || !slices.Equal(got, []netip.Addr{netip.MustParseAddr("10.0.0.1")}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// resolver answers as told and counts the questions.
type resolver struct {
	asked int
	addr  string
	err   error
	takes time.Duration
}

func (r *resolver) resolve(ctx context.Context, _ string) ([]netip.Addr, error) {
	r.asked++
	<-time.After(r.takes)
	if r.err != nil {
		return nil, r.err
	}
	return []netip.Addr{netip.MustParseAddr(r.addr)}, nil
}

func TestNamesAreAskedForOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &resolver{addr: "10.0.0.1", takes: time.Second}
		n := newNames(Options{Resolve: asked.resolve}.complete())
		defer n.close()
		lookup := func(want string, questions int) {
			t.Helper()
			got, err := n.lookup(t.Context(), "x.test")
			if err != nil || got[0] != netip.MustParseAddr(want) || asked.asked != questions {
				t.Fatalf("got %v, %v after %d questions; want %s after %d", got, err, asked.asked, want, questions)
			}
		}
		var together sync.WaitGroup
		for range 10 {
			together.Go(func() { lookup("10.0.0.1", 1) })
		}
		together.Wait()
		asked.addr = "10.0.0.2"
		pass(4 * time.Second)
		lookup("10.0.0.1", 1)
		pass(2 * time.Second)
		lookup("10.0.0.2", 2)

		// A resolver that is out of order must not take down what works.
		asked.err = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
		pass(6 * time.Second)
		lookup("10.0.0.2", 3)
		lookup("10.0.0.2", 3)
		pass(2 * time.Second)
		lookup("10.0.0.2", 4)

		// A name that is gone is gone.
		asked.err = &net.DNSError{Err: "no such host", IsNotFound: true}
		pass(2 * time.Second)
		if got, err := n.lookup(t.Context(), "x.test"); err == nil {
			t.Fatalf("got %v for a name that is gone", got)
		}
		asked.err = nil
		pass(2 * time.Second)
		lookup("10.0.0.2", 6)
	})
}

func TestLastGoodAddressesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &resolver{addr: "10.0.0.1"}
		n := newNames(Options{Resolve: asked.resolve}.complete())
		defer n.close()
		if _, err := n.lookup(t.Context(), "x.test"); err != nil {
			t.Fatal(err)
		}
		asked.err = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
		pass(lastGoodFor + time.Second)
		if got, err := n.lookup(t.Context(), "x.test"); err == nil {
			t.Errorf("got %v, which is too old", got)
		}
	})
}

func TestWaitingForANameEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNames(Options{Resolve: silent}.complete())
		defer n.close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.lookup(ctx, "x.test"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestForgottenNamesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNames(Options{Resolve: always("10.0.0.1")}.complete())
		defer n.close()
		for _, host := range []string{"a.test", "b.test"} {
			if _, err := n.lookup(t.Context(), host); err != nil {
				t.Fatal(err)
			}
		}
		pass(lastGoodFor)
		if _, err := n.lookup(t.Context(), "b.test"); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		n.sweep(time.Now())
		if len(n.byName) != 1 || n.byName["b.test"] == nil {
			t.Errorf("kept %v", n.byName)
		}
	})
}
