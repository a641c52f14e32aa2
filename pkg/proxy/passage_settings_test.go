package proxy_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// bytesTo is a Config with a listener of TCP that goes to n endpoints, each of which says its number.
func bytesTo(k *proxytest.Kit, n int) (*ir.Config, []*proxytest.Endpoint) {
	var endpoints []*proxytest.Endpoint
	set := ir.EndpointSet{Key: "all"}
	for i := range n {
		e := says(k, fmt.Sprint(i))
		endpoints = append(endpoints, e)
		set.Endpoints = append(set.Endpoints, ir.Endpoint{Address: e.Address})
	}
	k.Registry.SetEndpoints(set)
	return &ir.Config{
		Listeners: []ir.Listener{{Name: "tcp", Protocol: ir.TCP, Streams: []ir.Stream{{
			ID: "all", Backends: []ir.WeightedUpstream{{Upstream: "all", Weight: 1}},
		}}}},
		Upstreams: []ir.Upstream{{Key: "all", Endpoints: "all"}},
	}, endpoints
}

// twoEnded is a connection whose two ends are closed apart.
type twoEnded interface {
	io.ReadWriter
	CloseWrite() error
}

func TestConnectionsOfOneClientGoToOneEndpoint(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{Network: proxytest.Loopback{}})
	c, _ := bytesTo(k, 4)
	c.Upstreams[0].Balance = ir.Balance{Strategy: ir.Hash, Hash: ir.HashBy{Source: ir.HashAddress}}
	k.Serve(c)
	first := talk(t, k.Dial("tcp").(twoEnded))
	for range 20 {
		if again := talk(t, k.Dial("tcp").(twoEnded)); again != first {
			t.Errorf("%q, and then %q", first, again)
		}
	}
}

func TestAnEndpointThatCannotBeConnectedToIsEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := proxytest.Start(t, proxytest.Options{})
		c, endpoints := bytesTo(k, 2)
		c.Upstreams[0].Health = ir.Health{Passive: ir.Passive{Failures: 3, EjectFor: time.Hour, MaxPercent: 50}}
		k.Serve(c)
		endpoints[0].Stop()
		for range 20 {
			if got := talk(t, k.Dial("tcp").(twoEnded)); got != "1 got hello" {
				t.Errorf("got %q", got)
			}
		}
		out := 0
		for _, pool := range k.Registry.Dump() {
			for _, e := range pool.Endpoints {
				if e.Ejected != "" {
					out++
				}
			}
		}
		if out != 1 {
			t.Errorf("%d endpoints are out, want 1", out)
		}
	})
}

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	k := proxytest.Start(t, proxytest.Options{})
	c, _ := bytesTo(k, 1)
	c.Listeners[0].Streams[0].Limits = ir.Limits{Key: "one", MaxActive: 1}
	k.Serve(c)
	// It holds the only slot once its endpoint is connected to.
	first := k.Dial("tcp").(twoEnded)
	if _, err := io.WriteString(first, "hel"); err != nil {
		t.Fatal(err)
	}
	for k.Queues.Stats()[0].Active == 0 {
		runtime.Gosched()
	}
	second := k.Dial("tcp")
	if got, _ := io.ReadAll(second); len(got) > 0 { // An end and a reset are as good.
		t.Errorf("a second connection got %q", got)
	}
	if line := k.Log(1)[0]; line["reason"] != "too_many_connections" {
		t.Errorf("the log says %v", line)
	}
	if got := talk(t, first); got != "0 got helhello" {
		t.Errorf("the first one got %q", got)
	}
	k.Log(2) // It has left.
	if got := talk(t, k.Dial("tcp").(twoEnded)); got != "0 got hello" {
		t.Errorf("a third one got %q", got)
	}
}
