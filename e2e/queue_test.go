package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// heard is what the back end says of a request.
type heard struct {
	Instance, Version string
	Active, Sequence  int64
	Header            http.Header
}

// pinned returns a client whose requests share one connection, so that one replica gets them all and
// they stand in one queue.
func (f front) pinned(t *testing.T) *http.Client {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols: &protocols,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.http)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Minute}
}

// hear asks, and wants the back end's answer.
func hear(client *http.Client, url string, options ...func(*http.Request)) (heard, error) {
	var said heard
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return said, err
	}
	for _, option := range options {
		option(req)
	}
	resp, err := client.Do(req)
	if err != nil {
		return said, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return said, errors.Join(err, fmt.Errorf("status %d: %.300s", resp.StatusCode, body))
	}
	return said, json.Unmarshal(body, &said)
}

// gauge returns a number that the replicas show of a limit, added up.
func gauge(t *testing.T, name, limit string) int {
	t.Helper()
	sum, line := 0, fmt.Sprintf("%s{limit=%q} ", name, limit)
	for _, pod := range strings.Fields(kubectl(t, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=sluice", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}")) {
		metrics, err := run(t, "", need(t, "E2E_KUBECTL"), "get", "--raw", "/api/v1/namespaces/"+namespace+"/pods/"+pod+":10254/proxy/metrics")
		if err != nil {
			continue // A Pod may just have gone.
		}
		if _, rest, found := strings.Cut(metrics, "\n"+line); found {
			text, _, _ := strings.Cut(rest, "\n")
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatalf("%s is %q", line, text)
			}
			sum += n
		}
	}
	return sum
}

// awaitGauge waits until the replicas show that number together.
func awaitGauge(t *testing.T, name, limit string, want int) {
	t.Helper()
	until(t, time.Minute, name+" of "+limit, func() error {
		if is := gauge(t, name, limit); is != want {
			return fmt.Errorf("it is %d, want %d", is, want)
		}
		return nil
	})
}

// gateName returns a name that no back end has heard.
func gateName(name string) string { return fmt.Sprintf("%s-%d", name, time.Now().UnixNano()) }

const queues = "http://queues.example.com"

// testQueueOrder lets requests wait for the one that runs, one behind the other, and looks in which order
// they come to the endpoint.
func testQueueOrder(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: order, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [queues.example.com]
  routes:
  - name: fifo
    matches: [{path: {value: /fifo}}]
    limits: {maxActive: 1, queue: {length: 20, timeout: 5m}}
    backends: [{service: {name: blog, port: 80}}]
  - name: lifo
    matches: [{path: {value: /lifo}}]
    limits: {maxActive: 1, queue: {length: 20, timeout: 5m, order: LIFO}}
    backends: [{service: {name: blog, port: 80}}]
  - name: fair
    matches: [{path: {value: /fair}}]
    limits: {maxActive: 1, queue: {length: 20, timeout: 5m, fairBy: {source: Header, name: X-Tenant}}}
    backends: [{service: {name: blog, port: 80}}]
  - name: header
    matches: [{path: {value: /header}}]
    limits: {maxActive: 1, queue: {length: 20, timeout: 5m, priority: {header: X-Tenant, classes: [c, b]}}}
    backends: [{service: {name: blog, port: 80}}]
  - name: expression
    matches: [{path: {value: /expression}}]
    limits:
      maxActive: 1
      queue:
        length: 20
        timeout: 5m
        priority: {expression: 'request.header("X-Tenant") == "b" ? "gold" : request.path.endsWith("/c") ? "silver" : ""', classes: [gold, silver]}
    backends: [{service: {name: blog, port: 80}}]
  - name: free
    backends: [{service: {name: blog, port: 80}}]
`)
	f := frontAddress(t)
	f.everywhere(t, queues+"/", 200, from("blog"))
	for _, c := range []struct{ name, route, sent, want string }{
		{"the oldest is served first", "fifo", "a1 b2 a3 a4", "a1 b2 a3 a4"},
		{"the newest is served first", "lifo", "a1 b2 a3 a4", "a1 a4 a3 b2"},
		// However many one client sends, another waits for one of them at most.
		{"clients take turns", "fair", "a1 a2 a3 a4 a5 a6 b7 b8", "a1 a2 b7 a3 b8 a4 a5 a6"},
		{"earlier classes are served first by a header", "header", "a1 a2 b3 c4 a5", "a1 c4 b3 a2 a5"},
		{"earlier classes are served first by an expression", "expression", "a1 a2 c3 b4 a5", "a1 b4 c3 a2 a5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := f.orderOf(t, c.route, strings.Fields(c.sent)); got != c.want {
				t.Errorf("sent %q, and the endpoint got %q, want %q", c.sent, got, c.want)
			}
		})
	}
}

// orderOf sends requests to a route where one runs at a time, of which the first is held until all
// others wait, and returns them in the order in which the endpoint got them.
func (f front) orderOf(t *testing.T, route string, sent []string) string {
	t.Helper()
	client, gate, limit := f.pinned(t), gateName(route), "proxyroute/"+apps+"/order/"+route
	if _, err := hear(client, queues+"/"+route); err != nil { // The connection that all others share.
		t.Fatal(err)
	}
	type outcome struct {
		id   string
		said heard
		err  error
	}
	outcomes := make(chan outcome, len(sent))
	for i, id := range sent {
		url := fmt.Sprintf("%s/%s/%s", queues, route, id[:1])
		if i == 0 {
			url += "?hold=" + gate
		}
		go func() {
			said, err := hear(client, url, withHeader("X-Tenant", id[:1]))
			outcomes <- outcome{id, said, err}
		}()
		if i == 0 {
			awaitGauge(t, "sluice_limit_active", limit, 1)
		} else {
			awaitGauge(t, "sluice_queue_depth", limit, i)
		}
	}
	f.eventually(t, queues+"/release?hold="+gate, 200, from("blog"))
	at := make(map[int64]string)
	for range sent {
		o := <-outcomes
		if o.err != nil {
			t.Fatalf("%s: %v", o.id, o.err)
		}
		if o.said.Active != 1 {
			t.Errorf("%s ran beside %d others", o.id, o.said.Active-1)
		}
		at[o.said.Sequence] = o.id
	}
	var order []string
	for _, n := range slices.Sorted(maps.Keys(at)) {
		order = append(order, at[n])
	}
	return strings.Join(order, " ")
}

// testEndpointLimit sends more than all endpoints may serve at once, and asks each of them how many it got.
func testEndpointLimit(t *testing.T) {
	const each, sent, endpoints = 2, 20, 3
	apply(t, fmt.Sprintf(`
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: each, namespace: %s}
spec:
  ingressClassName: sluice
  hosts: [each.example.com]
  routes:
  - name: limited
    matches: [{path: {value: /limited}}]
    limits: {maxActivePerEndpoint: %d, queue: {length: %d, timeout: 5m}}
    backends: [{service: {name: shop, port: 80}}]
  - name: free
    backends: [{service: {name: shop, port: 80}}]
`, apps, each, sent))
	f := frontAddress(t)
	const url = "http://each.example.com/"
	f.allServe(t, url)
	client, gate, limit := f.pinned(t), gateName("each"), "proxyroute/"+apps+"/each/limited"
	if _, err := hear(client, url+"limited"); err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		said heard
		err  error
	}
	outcomes := make(chan outcome, sent)
	for range sent {
		go func() {
			said, err := hear(client, url+"limited?hold="+gate)
			outcomes <- outcome{said, err}
		}()
	}
	awaitGauge(t, "sluice_limit_active", limit, each*endpoints)
	awaitGauge(t, "sluice_queue_depth", limit, sent-each*endpoints)
	released, most := make(map[string]bool), make(map[string]int64)
	until(t, time.Minute, "all endpoints are told to go on", func() error {
		got, err := f.get(url + "release?hold=" + gate)
		if err != nil {
			return err
		}
		if released[got.instance()] = got.status == 200; len(released) < endpoints {
			return fmt.Errorf("only %v are", released)
		}
		return nil
	})
	for range sent {
		o := <-outcomes
		if o.err != nil {
			t.Fatal(o.err)
		}
		most[o.said.Instance] = max(most[o.said.Instance], o.said.Active)
	}
	for instance, n := range most {
		if n > each {
			t.Errorf("%s served %d at once, want at most %d", instance, n, each)
		}
	}
	if len(most) != endpoints {
		t.Errorf("%d endpoints served, want %d", len(most), endpoints)
	}
}
