package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// instance returns which Pod answered.
func (a answer) instance() string {
	var said struct{ Instance string }
	if json.Unmarshal([]byte(a.body), &said) != nil {
		return ""
	}
	return said.Instance
}

// many asks n times, and returns how often each status came and each Pod answered with 200.
func (f front) many(t *testing.T, url string, n int) (statuses map[int]int, instances map[string]int) {
	t.Helper()
	statuses, instances = make(map[int]int), make(map[string]int)
	for range n {
		got, err := f.get(url)
		if err != nil {
			t.Fatal(err)
		}
		statuses[got.status]++
		if got.status == 200 {
			instances[got.instance()]++
		}
	}
	return statuses, instances
}

// allServe waits until all three Pods of shop answer and nothing fails.
func (f front) allServe(t *testing.T, url string) {
	t.Helper()
	until(t, patience, "all endpoints of "+url+" serve", func() error {
		statuses, instances := f.many(t, url, 30)
		if statuses[200] != 30 || len(instances) != 3 {
			return fmt.Errorf("%v by %v", statuses, instances)
		}
		return nil
	})
}

// sicken makes one Pod of shop answer 503 for a while, apart from its readiness, and returns which.
func (f front) sicken(t *testing.T, host string, lasts time.Duration) string {
	t.Helper()
	got := f.eventually(t, fmt.Sprintf("http://%s/sick?for=%d", host, lasts.Milliseconds()), 200, from("shop"))
	return got.instance()
}

// testEjection makes an endpoint fail that Kubernetes takes for ready: it must get no requests
// for a while, and come back when it is well.
func testEjection(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: ejected, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [ejected.example.com]
  retry: {attempts: 0}
  health: {passive: {consecutiveFailures: 3, ejectFor: 5s, statuses: ["503"]}}
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	f := frontAddress(t)
	const url = "http://ejected.example.com/"
	f.eventually(t, url, 200, from("shop"))
	f.allServe(t, url)
	sick := f.sicken(t, "ejected.example.com", 20*time.Second)
	until(t, 15*time.Second, "the endpoint that fails is out", func() error {
		statuses, instances := f.many(t, url, 20)
		if statuses[200] != 20 || instances[sick] != 0 {
			return fmt.Errorf("%v by %v", statuses, instances)
		}
		return nil
	})
	f.allServe(t, url)
}

// testProbes makes the probes of an endpoint fail, and looks what the object says of it.
func testProbes(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: probed, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [probed.example.com]
  health: {active: {type: HTTP, path: /, interval: 500ms, timeout: 1s, unhealthyThreshold: 2, healthyThreshold: 1, expect: "200"}}
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	f := frontAddress(t)
	const url = "http://probed.example.com/"
	f.eventually(t, url, 200, from("shop"))
	f.allServe(t, url)
	says := func(within time.Duration, want string) {
		t.Helper()
		until(t, within, "the status "+want, func() error {
			is := kubectl(t, "-n", apps, "get", "pxr/probed", "-o",
				`jsonpath={.status.conditions[?(@.type=="Healthy")].status} {range .status.backends[*]}{.backend} {.ready}/{.total}{end}`)
			if is != want {
				return fmt.Errorf("it is %q", is)
			}
			return nil
		})
	}
	says(patience, "True shop:80 3/3")
	sick := f.sicken(t, "probed.example.com", 30*time.Second)
	says(15*time.Second, "True shop:80 2/3")
	// The leader knew first, or the other replica; by now both do.
	until(t, 10*time.Second, "the unhealthy endpoint is out", func() error {
		statuses, instances := f.many(t, url, 20)
		if statuses[200] != 20 || instances[sick] != 0 {
			return fmt.Errorf("%v by %v", statuses, instances)
		}
		return nil
	})
	says(patience, "True shop:80 3/3")
	f.allServe(t, url)
}

// testCircuit lets too many requests fail, is turned away, and comes back.
func testCircuit(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: circuit, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [circuit.example.com]
  retry: {attempts: 0}
  circuitBreaker: {errorPercent: 50, minRequests: 5, window: 20s, openFor: 15s, halfOpenRequests: 1}
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	f := frontAddress(t)
	const url = "http://circuit.example.com/"
	f.eventually(t, url, 200, from("shop"))
	// Each replica has a circuit of its own; both must open.
	refused := 0
	until(t, patience, "the circuits open", func() error {
		got, err := f.get(url + "?status=500")
		if err != nil {
			return err
		}
		if refused++; got.header.Get("Retry-After") == "" {
			refused = 0
		}
		if refused < 15 {
			return fmt.Errorf("status %d, refused %d times in a row", got.status, refused)
		}
		return nil
	})
	if got, err := f.get(url); err != nil || got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("a good request with an open circuit: %v %+v", err, got)
	}
	until(t, patience, "the circuits close", func() error {
		statuses, _ := f.many(t, url, 20)
		if statuses[200] != 20 {
			return fmt.Errorf("%v", statuses)
		}
		return nil
	})
}

// testSticky keeps a client at its endpoint, from whichever replica, and through a rollout that
// takes the endpoint away.
func testSticky(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: sticky, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [sticky.example.com]
  balance: {sticky: {name: seat}}
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	f := frontAddress(t)
	const url = "http://sticky.example.com/"
	seat := ""
	sit := func() string {
		t.Helper()
		got, err := f.get(url, func(r *http.Request) {
			if seat != "" {
				r.Header.Set("Cookie", seat)
			}
		})
		if err != nil || got.status != 200 {
			t.Fatalf("%v, status %d: %.200s", err, got.status, got.body)
		}
		if set := got.header.Get("Set-Cookie"); strings.HasPrefix(set, "seat=") {
			seat, _, _ = strings.Cut(set, ";")
		}
		return got.instance()
	}
	f.everywhere(t, url, 200, from("shop"))
	first := sit()
	for range 30 {
		if at := sit(); at != first {
			t.Fatalf("moved from %s to %s", first, at)
		}
	}
	reapply(t, echoManifest(t, "shop", 3, fmt.Sprintf("sticky-%d", time.Now().Unix())))
	program, rolled := need(t, "E2E_KUBECTL"), make(chan error, 1)
	go func() {
		_, err := run(t, "", program, "-n", apps, "rollout", "status", "deployment/shop", "--timeout=180s")
		rolled <- err
	}()
	moves, last, asked := 0, first, 0
	for done := false; !done; {
		select {
		case err := <-rolled:
			if done = true; err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Millisecond):
		}
		at := sit()
		if asked++; at != last {
			moves, last = moves+1, at
		}
	}
	t.Logf("%d requests during the rollout, %d moves", asked, moves)
	if moves > 3 {
		t.Errorf("the client moved %d times, though only three endpoints went away", moves)
	}
	// Each replica learns of the new endpoints by itself.
	until(t, patience, "the client keeps to an endpoint of the new ones", func() error {
		last = sit()
		if last == first {
			return fmt.Errorf("it is still at %s", last)
		}
		for range 30 {
			if at := sit(); at != last {
				return fmt.Errorf("moved from %s to %s", last, at)
			}
		}
		return nil
	})
}
