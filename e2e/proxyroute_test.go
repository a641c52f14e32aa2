package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/e2e/load"
)

// asks asks until the answer to a request with one more header field has that
// status and a body with that text.
func (f front) asks(t *testing.T, url, name, value string, status int, text string) answer {
	t.Helper()
	var got answer
	until(t, patience, url+" with "+name+": "+value, func() error {
		var err error
		if got, err = f.get(url, withHeader(name, value)); err != nil {
			return err
		}
		if got.status != status || !strings.Contains(got.body, text) {
			return fmt.Errorf("status %d, want %d with %q: %.300s", got.status, status, text, got.body)
		}
		return nil
	})
	return got
}

// testVersions routes three versions of one app by header, and takes one of them
// out of service.
func testVersions(t *testing.T) {
	apply(t, echoManifest(t, "app-v1", 1, "1")+echoManifest(t, "app-v2", 1, "2")+echoManifest(t, "app-v2-1", 1, "2.1"))
	for _, name := range []string{"app-v1", "app-v2", "app-v2-1"} {
		waitRolledOut(t, apps, "deployment/"+name)
	}
	route := `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: versions, namespace: ` + apps + `}
spec:
  ingressClassName: sluice
  hosts: [versions.example.com]
  versioning: {source: Header, name: App-Version, default: "1", responseHeader: Served-Version}
  routes:
  - backends:
    - {service: {name: app-v1, port: 80}, version: "1"}
    - {service: {name: app-v2, port: 80}, version: "2"}
    - {service: {name: app-v2-1, port: 80}, version: "2.1"}
  - matches: [{path: {value: /strict}}]
    versioning: {source: Path, segment: 2, onNoMatch: Reject}
    backends:
    - {service: {name: app-v1, port: 80}, version: "1"}
    - {service: {name: app-v2, port: 80}, version: "2"}
`
	apply(t, route)
	f := frontAddress(t)
	const url = "http://versions.example.com/"
	f.eventually(t, url, 200, from("app-v1"))
	for asked, want := range map[string][2]string{
		"1": {"app-v1", "1"}, "1.9.9-beta": {"app-v1", "1"}, "2": {"app-v2", "2"}, "2.0": {"app-v2", "2"},
		"2.1": {"app-v2-1", "2.1"}, "2.1.7+5": {"app-v2-1", "2.1"}, "20": {"app-v1", "1"}, "7": {"app-v1", "1"},
	} {
		got := f.asks(t, url, "App-Version", asked, 200, from(want[0]))
		if served := got.header.Get("Served-Version"); served != want[1] {
			t.Errorf("version %s: the response says %q served", asked, served)
		}
	}
	f.eventually(t, url+"strict/2.5/x", 200, from("app-v2"))
	f.eventually(t, url+"strict/3/x", 400, "Versions served: 1, 2")

	reapply(t, strings.Replace(route, `version: "2.1"}`, `version: "2.1", ready: false}`, 1))
	f.asks(t, url, "App-Version", "2.1", 200, from("app-v2"))
	until(t, patience, "the condition Suspended", func() error {
		status := kubectl(t, "-n", apps, "get", "pxr/versions", "-o", `jsonpath={.status.conditions[?(@.type=="Suspended")].status}`)
		if status != "True" {
			return fmt.Errorf("it is %q", status)
		}
		return nil
	})
}

// testQueue sends more than may run, and asks the endpoint how many ran at once: with limits of each replica, and with
// limits that the replicas share.
func testQueue(t *testing.T) {
	const maxActive, length, replicas = 4, 10, 2
	route := func(name, scope string) string {
		return fmt.Sprintf(`
  - name: %[1]s
    matches: [{path: {value: /%[1]s}}]
    limits: {maxActive: %[2]d, scope: %[3]s, queue: {length: %[4]d, timeout: 20s}}
    backends: [{service: {name: blog, port: 80}}]`, name, maxActive, scope, length)
	}
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: queue, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [queue.example.com]
  routes:`+route("each", "Replica")+route("shared", "Cluster")+"\n")
	f := frontAddress(t)
	f.everywhere(t, "http://queue.example.com/each", 200, from("blog"))
	// At least those are served that one replica lets run and wait, and at most those of all, and of some that come later.
	f.overload(t, "http://queue.example.com/each", maxActive, maxActive*replicas, maxActive+length, replicas*(maxActive+length+3*maxActive))
	f.overload(t, "http://queue.example.com/shared", maxActive/replicas, maxActive, (maxActive+length)/replicas, maxActive+length+3*maxActive)
}

// overload sends many requests at once, and wants that from least to most of them run at once at the endpoint, that
// some are served, from fewest to all, and that the others are told to come again.
func (f front) overload(t *testing.T, url string, least, most int64, fewest, all int) {
	t.Helper()
	const sent = 80
	var mu sync.Mutex
	statuses, ran := make(map[int]int), int64(0)
	var wg sync.WaitGroup
	for range sent {
		wg.Go(func() {
			got, err := f.get(url + "?sleep=1500")
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("a request failed: %v", err)
				return
			}
			statuses[got.status]++
			switch got.status {
			case 200:
				var said struct{ Active int64 }
				if err := json.Unmarshal([]byte(got.body), &said); err != nil {
					t.Error(err)
				}
				ran = max(ran, said.Active)
			case 503:
				if got.header.Get("Retry-After") == "" || got.header.Get("X-Sluice-Reason") == "" {
					t.Error("a refusal does not say why, or when to come again")
				}
			default:
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
	}
	wg.Wait()
	t.Logf("%s, %d at once: %v; %d ran at once at the endpoint", url, sent, statuses, ran)
	if ran > most || ran < least {
		t.Errorf("%d ran at once, want %d to %d", ran, least, most)
	}
	if served := statuses[200]; served < fewest || served > all {
		t.Errorf("%d were served, want %d to %d", served, fewest, all)
	}
}

// testFilters asks for a password, and counts what one client sends.
func testFilters(t *testing.T) {
	apply(t, `
apiVersion: v1
kind: Secret
metadata: {name: users, namespace: `+apps+`}
stringData: {auth: "alice:{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="}
---
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: filters, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [filters.example.com]
  routes:
  - matches: [{path: {value: /private}}]
    filters: [{type: BasicAuth, basicAuth: {secretName: users}}]
    backends: [{service: {name: blog, port: 80}}]
  - matches: [{path: {value: /rare}}]
    filters: [{type: RateLimit, rateLimit: {requests: 2, unit: Hour, by: Route}}]
    backends: [{service: {name: blog, port: 80}}]
`)
	f := frontAddress(t)
	f.eventually(t, "http://filters.example.com/private", 401, "")
	f.asks(t, "http://filters.example.com/private", "Authorization", "Basic YWxpY2U6bXlQYXNzd29yZA==", 200, from("blog"))
	f.asks(t, "http://filters.example.com/private", "Authorization", "Basic YWxpY2U6d3Jvbmc=", 401, "")
	limited := f.eventually(t, "http://filters.example.com/rare", 429, "")
	if limited.header.Get("Retry-After") == "" || limited.header.Get("RateLimit") == "" {
		t.Errorf("429 came with %v", limited.header)
	}
}

// testKilledEndpoint kills the program of one of three endpoints with SIGKILL, thrice, each time until it serves
// again, under a load of requests that may be sent twice.
func testKilledEndpoint(t *testing.T) {
	f := frontAddress(t)
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: killed, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [killed.example.com]
  retry: {attempts: 2, budgetPercent: 50}
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	const url = "http://killed.example.com/"
	f.everywhere(t, url, 200, from("shop"))
	f.allServe(t, url)
	before := restarts(t, "shop")
	run := load.Start(load.Options{Address: f.http, Host: "killed.example.com", Rate: 300, Expect: from("shop")})
	time.Sleep(time.Second)
	for n := 1; n <= 3; n++ {
		// A POST that was sent is not sent to another endpoint, so this kills one.
		got, err := f.get(url+"die", func(r *http.Request) { r.Method = http.MethodPost })
		if err != nil || got.status != 502 {
			t.Fatalf("the last words of an endpoint: %v, status %d: %.200s", err, got.status, got.body)
		}
		until(t, patience, "the endpoint is started again", func() error {
			if is := restarts(t, "shop"); is != before+n {
				return fmt.Errorf("%d restarts, want %d", is, before+n)
			}
			return nil
		})
		f.allServe(t, url)
	}
	result := run.Stop()
	t.Logf("%d requests, %d failed", result.Sent, len(result.Failures))
	for _, failure := range result.Failures {
		// A POST that had reached the endpoint must not be sent twice, so it may fail.
		if !strings.HasPrefix(failure.What, "POST") {
			t.Errorf("after %v: %s", failure.At, failure.What)
		}
	}
}

// restarts returns how many times the programs of a back end were started again, once all of them are ready.
func restarts(t *testing.T, app string) int {
	t.Helper()
	sum := 0
	for _, pod := range strings.Fields(kubectl(t, "-n", apps, "get", "pods", "-l", "app="+app, "-o", `jsonpath={range .items[*]}{.status.containerStatuses[0].restartCount}/{.status.containerStatuses[0].ready} {end}`)) {
		count, ready, _ := strings.Cut(pod, "/")
		n, err := strconv.Atoi(count)
		if err != nil || ready != "true" {
			return -1
		}
		sum += n
	}
	return sum
}
