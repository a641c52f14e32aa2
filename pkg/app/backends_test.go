package app

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/status"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

func TestBackEndsOfProxyRoutes(t *testing.T) {
	shop := report.Origin{Kind: "ProxyRoute", Namespace: "ns", Name: "shop"}
	service := report.Origin{Kind: "Service", Namespace: "ns", Name: "v1"}
	forward := func(backends ...ir.WeightedUpstream) *ir.Forward { return &ir.Forward{Backends: backends} }
	vault := report.Origin{Kind: "ProxyRoute", Namespace: "ns", Name: "vault"}
	config := &ir.Config{
		Listeners: []ir.Listener{{Streams: []ir.Stream{
			{Origin: vault, Backends: []ir.WeightedUpstream{{Upstream: "ns/v1:80", Weight: 1}, {FailStatus: 503, Weight: 1}}},
			{Origin: report.Origin{Kind: "TLSRoute"}, Backends: []ir.WeightedUpstream{{Upstream: "ns/v1:80", Weight: 1}}},
		}}},
		Upstreams: []ir.Upstream{
			{Key: "ns/v1:80", Endpoints: "ns/v1:80", Origin: service},
			{Key: "ns/v1:80 LeastRequest", Endpoints: "ns/v1:80", Origin: service},
			{Key: "static:192.0.2.1:80", Endpoints: "static:192.0.2.1:80", Origin: shop},
			{Key: "ns/v1:80[app.example/version=3]", Endpoints: "ns/v1:80[app.example/version=3]", Origin: service},
			{Key: "other/v1:80", Endpoints: "other/v1:80", Origin: report.Origin{Kind: "Service", Namespace: "other", Name: "v1"}},
		},
		RouteSets: []ir.RouteSet{{Hosts: []ir.Host{{Routes: []ir.Route{
			{Origin: shop, Action: forward(
				ir.WeightedUpstream{Upstream: "ns/v1:80", Version: "1", Weight: 1},
				ir.WeightedUpstream{Upstream: "static:192.0.2.1:80", Version: "2", Weight: 0},
				ir.WeightedUpstream{FailStatus: 503, Weight: 1},
			)},
			{Origin: shop, Action: forward(ir.WeightedUpstream{Upstream: "ns/v1:80 LeastRequest", Version: "1", Weight: 1, Unready: true})},
			{Origin: shop, Action: &ir.Respond{Status: 404}},
			{Origin: shop, Action: forward(
				ir.WeightedUpstream{Upstream: "other/v1:80", Version: "1", Weight: 1},
				ir.WeightedUpstream{Upstream: "ns/v1:80[app.example/version=3]", Version: "3", Weight: 1},
			)},
			{Origin: report.Origin{Kind: "Ingress"}, Action: forward(ir.WeightedUpstream{Upstream: "ns/v1:80", Weight: 1})},
		}}}}},
	}
	got := backendsOf(config, map[string]upstream.Service{"ns/v1:80": {Ready: 3, Total: 3}, "ns/v1:80 LeastRequest": {Ready: 2, Total: 3}, "static:192.0.2.1:80": {Ready: 1, Total: 1}, "other/v1:80": {Ready: 1, Total: 4}, "ns/v1:80[app.example/version=3]": {Ready: 2, Total: 2}})
	want := map[report.Origin][]status.Backend{
		shop: {
			{Name: "v1:80", Version: "1", Ready: 2, Total: 3},
			{Name: "192.0.2.1:80", Version: "2", Ready: 1, Total: 1, Idle: true},
			{Name: "other/v1:80", Version: "1", Ready: 1, Total: 4},
			{Name: "v1:80", Version: "3", Ready: 2, Total: 2},
		},
		vault: {{Name: "v1:80", Ready: 3, Total: 3}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPacerCallsOnceForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		p := &pacer{after: time.Second, call: func() { calls.Add(1) }}
		for range 10 {
			p.tell()
		}
		<-time.After(1500 * time.Millisecond)
		synctest.Wait()
		p.tell()
		if calls.Load() != 1 {
			t.Errorf("called %d times, want 1", calls.Load())
		}
		<-time.After(time.Second)
		synctest.Wait()
		if calls.Load() != 2 {
			t.Errorf("called %d times, want 2", calls.Load())
		}
	})
}
