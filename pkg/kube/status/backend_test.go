package status

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/report"
)

func TestHealthOfBackEnds(t *testing.T) {
	var many []Backend
	for i := range 10 {
		many = append(many, Backend{Name: fmt.Sprint("b", i), Total: 1})
	}
	for name, tt := range map[string]struct {
		backends []Backend
		want     string
	}{
		"none":                {nil, "Unknown NoBackends: no back end serves requests"},
		"none with requests":  {[]Backend{{Name: "a:80", Idle: true}}, "Unknown NoBackends: no back end serves requests"},
		"all in service":      {[]Backend{{Name: "a:80", Ready: 2, Total: 2}, {Name: "b:80", Idle: true}}, "True Healthy: all endpoints are in service"},
		"one endpoint is out": {[]Backend{{Name: "a:80", Version: "2", Ready: 1, Total: 2}}, "True Healthy: a:80 (version 2): 1 of 2 endpoints are in service"},
		"all endpoints are out": {
			[]Backend{{Name: "a:80", Ready: 1, Total: 2}, {Name: "b:80", Total: 3}, {Name: "c:80"}},
			"False NoEndpoints: b:80: none of 3 endpoints is in service; c:80: there is no endpoint; a:80: 1 of 2 endpoints are in service",
		},
		"many": {many, "False NoEndpoints: b0: none of 1 endpoints is in service; b1: none of 1 endpoints is in service; b2: none of 1 endpoints is in service; " +
			"b3: none of 1 endpoints is in service; b4: none of 1 endpoints is in service; b5: none of 1 endpoints is in service; " +
			"b6: none of 1 endpoints is in service; b7: none of 1 endpoints is in service; and 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			c := healthy(7, tt.backends)
			if got := fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message); got != tt.want || c.ObservedGeneration != 7 {
				t.Errorf("got %q of generation %d, want %q", got, c.ObservedGeneration, tt.want)
			}
		})
	}
}

func TestTheStatusHasTheBackEnds(t *testing.T) {
	c := newCluster(t)
	route := c.route("a")
	c.make(t, route)
	origin := report.Origin{Kind: "ProxyRoute", Namespace: c.namespace, Name: "a"}
	backends := []Backend{{Name: "192.0.2.1:80", Version: "1", Ready: 1, Total: 2}}
	w := c.newTerm(func(o *Options) {
		o.Backends = func() map[report.Origin][]Backend { return map[report.Origin][]Backend{origin: backends} }
	})
	for _, want := range []struct {
		ready  int
		status metav1.ConditionStatus
		writes int64
	}{{1, metav1.ConditionTrue, 1}, {1, metav1.ConditionTrue, 1}, {0, metav1.ConditionFalse, 2}, {2, metav1.ConditionTrue, 3}} {
		backends[0].Ready = want.ready
		w.found(t.Context(), nil, route.DeepCopy())
		c.refresh(t, route)
		if diff := cmp.Diff([]v1alpha1.BackendStatus{{Backend: "192.0.2.1:80", Version: "1", Ready: int32(want.ready), Total: 2}}, route.Status.Backends); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		is := metav1.ConditionStatus("")
		for _, condition := range route.Status.Conditions {
			if condition.Type == Healthy {
				is = condition.Status
			}
		}
		if is != want.status || c.writes.Load() != want.writes {
			t.Errorf("with %d ready it is %q after %d writes, want %q after %d", want.ready, is, c.writes.Load(), want.status, want.writes)
		}
	}
	backends = nil
	w.found(t.Context(), nil, route.DeepCopy())
	c.refresh(t, route)
	if len(route.Status.Backends) != 0 {
		t.Errorf("back ends stay that are not there: %v", route.Status.Backends)
	}
}
