package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/e2e/load"
)

// How many objects TestGatewayScale makes, and how many of each kind it times.
const (
	scaleGateways       = 1000
	scaleRoutes         = 5000
	scaleGatewaySamples = 20
)

// TestGatewayScale prints how long it takes with many Gateways and HTTPRoutes
// from applying one to its condition and to its first 200, how much memory a
// replica takes, and how often the API server was written to. Meanwhile a route
// is asked steadily, which must not fail. It is for `make bench-scale` and has no
// bound on time.
func TestGatewayScale(t *testing.T) {
	testHelmInstall(t)
	t.Cleanup(func() { helm(t, "uninstall", "sluice", "--wait", "--timeout", "5m") })
	deployEchoes(t)
	api := startAPIProxy(t)
	apply(t, gatewayManifest("steady", "shop"))
	f := gatewayFront(t, "steady")
	f.eventually(t, "http://steady.example.com/", 200, from("shop"))

	before := apiWrites(t)
	run := load.Start(load.Options{Address: f.http, Host: "steady.example.com", Rate: rate, Expect: from("shop")})
	begun := time.Now()
	api.each(t, scaleGateways, func(i int) error { return api.createGateway(fmt.Sprintf("fill-%d", i)) })
	api.each(t, scaleRoutes, func(i int) error {
		return api.createRoute(fmt.Sprintf("fill-%d", i), fmt.Sprintf("fill-%d", i%scaleGateways), "blog")
	})
	t.Logf("%d Gateways and %d HTTPRoutes were made in %v", scaleGateways, scaleRoutes, time.Since(begun).Round(time.Second))
	for _, i := range []int{0, scaleGateways / 2, scaleGateways - 1} {
		gatewayFront(t, fmt.Sprintf("fill-%d", i))
	}
	api.awaitRoute(t, fmt.Sprintf("fill-%d", scaleRoutes-1))
	t.Logf("all were programmed after %v; memory of the replicas: %s", time.Since(begun).Round(time.Second), strings.Join(memory(t), ", "))
	after := apiWrites(t)
	for _, what := range []string{"gateways/status", "httproutes/status", "services", "endpointslices"} {
		t.Logf("writes of %s: %d", what, after[what]-before[what])
	}
	api.timeGateways(t)
	api.timeRoutes(t)
	wantNoFailure(t, run.Stop(), 100)
}

// each calls work for every number below n, some at once.
func (a *apiProxy) each(t *testing.T, n int, work func(int) error) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				if err := work(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// timeGateways prints the time from making a Gateway with a route to Programmed,
// and to the first 200 at its address.
func (a *apiProxy) timeGateways(t *testing.T) {
	t.Helper()
	var programmed, served []time.Duration
	for i := range scaleGatewaySamples {
		name := fmt.Sprintf("sample-%d", i)
		begun := time.Now()
		if err := a.createGateway(name); err != nil {
			t.Fatal(err)
		}
		if err := a.createRoute(name, name, "blog"); err != nil {
			t.Fatal(err)
		}
		f := gatewayFront(t, name)
		programmed = append(programmed, time.Since(begun))
		f.eventually(t, "http://"+name+".scale.example.com/", 200, from("blog"))
		served = append(served, time.Since(begun))
	}
	t.Logf("a Gateway: apply to Programmed %s; apply to first 200 %s", quantiles(programmed), quantiles(served))
}

// timeRoutes prints the time from making an HTTPRoute on a Gateway that is there to its first 200.
func (a *apiProxy) timeRoutes(t *testing.T) {
	t.Helper()
	f := gatewayFront(t, "fill-0")
	var served []time.Duration
	for i := range scaleSamples {
		name := fmt.Sprintf("route-%d", i)
		begun := time.Now()
		if err := a.createRoute(name, "fill-0", "blog"); err != nil {
			t.Fatal(err)
		}
		for {
			got, err := f.get("http://" + name + ".scale.example.com/")
			if err == nil && got.status == http.StatusOK {
				break
			}
			if time.Since(begun) > time.Minute {
				t.Fatalf("%s is not served after a minute: %v %v", name, got, err)
			}
		}
		served = append(served, time.Since(begun))
	}
	t.Logf("an HTTPRoute: apply to first 200 %s", quantiles(served))
}

func quantiles(took []time.Duration) string {
	slices.Sort(took)
	return fmt.Sprintf("p50 %v, p99 %v, max %v", took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}

// createGateway makes a Gateway with one listener.
func (a *apiProxy) createGateway(name string) error {
	return a.post("/apis/gateway.networking.k8s.io/v1/namespaces/"+apps+"/gateways", fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s, namespace: %s}
spec:
  gatewayClassName: sluice
  listeners: [{name: http, port: 80, protocol: HTTP}]
`, name, apps))
}

// createRoute makes an HTTPRoute of one host to a Service.
func (a *apiProxy) createRoute(name, gateway, service string) error {
	return a.post("/apis/gateway.networking.k8s.io/v1/namespaces/"+apps+"/httproutes", fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  parentRefs: [{name: %[3]s}]
  hostnames: [%[1]s.scale.example.com]
  rules: [{backendRefs: [{name: %[4]s, port: 80}]}]
`, name, apps, gateway, service))
}

func (a *apiProxy) post(path, manifest string) error {
	answer, err := http.Post(a.address+path, "application/yaml", strings.NewReader(manifest))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("POST %s: %s", path, answer.Status)
	}
	return nil
}

// awaitRoute waits until a route's parent has accepted it.
func (a *apiProxy) awaitRoute(t *testing.T, name string) {
	t.Helper()
	until(t, 5*time.Minute, "the HTTPRoute "+name+" is accepted", func() error {
		status := kubectl(t, "-n", apps, "get", "httproute/"+name, "-o", `jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}`)
		if status != "True" {
			return fmt.Errorf("Accepted is %q", status)
		}
		return nil
	})
}

var writesPattern = regexp.MustCompile(`(?m)^apiserver_request_total\{([^}]*)\} ([\d.e+]+)$`)

// apiWrites counts the requests that change something, as the API server does, by resource.
// Nothing but Sluice writes the status of Gateways and routes, and nothing else
// makes Services while the test runs.
func apiWrites(t *testing.T) map[string]int {
	t.Helper()
	writes := make(map[string]int)
	for _, m := range writesPattern.FindAllStringSubmatch(kubectl(t, "get", "--raw", "/metrics"), -1) {
		labels := make(map[string]string)
		for pair := range strings.SplitSeq(m[1], ",") {
			name, value, _ := strings.Cut(pair, "=")
			labels[name] = strings.Trim(value, `"`)
		}
		if !slices.Contains([]string{"POST", "PUT", "PATCH", "APPLY", "DELETE"}, labels["verb"]) {
			continue
		}
		what := labels["resource"]
		if labels["subresource"] != "" {
			what += "/" + labels["subresource"]
		}
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		writes[what] += int(n)
	}
	return writes
}
