package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sluice-dev/sluice/e2e/load"
)

// rate is the steady load in requests per second.
const rate = 400

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// wantNoFailure logs the figures, and fails on a failed request or a load that
// was below the least rate.
func wantNoFailure(t *testing.T, r load.Result, least float64) {
	t.Helper()
	t.Logf("load: %s", r)
	if len(r.Failures) > 0 {
		t.Errorf("%d of %d requests failed", len(r.Failures), r.Sent)
	}
	if r.Rate() < least*0.95 {
		t.Errorf("only %.0f requests per second were sent, want %.0f", r.Rate(), least)
	}
}

// underLoad runs what happens while the shop is asked steadily.
func underLoad(t *testing.T, host string, happens func()) {
	t.Helper()
	f := frontAddress(t)
	apply(t, ingress(strings.Split(host, ".")[0], host, "shop"))
	f.everywhere(t, "http://"+host+"/", 200, from("shop"))
	run := load.Start(load.Options{Address: f.http, Host: host, Rate: rate, Expect: from("shop")})
	stopped := false
	defer func() {
		if !stopped {
			t.Logf("load: %s", run.Stop())
		}
	}()
	time.Sleep(2 * time.Second)
	happens()
	time.Sleep(3 * time.Second)
	stopped = true
	wantNoFailure(t, run.Stop(), 300)
}

// testBackendRollout replaces all pods of the back end three times.
func testBackendRollout(t *testing.T) {
	underLoad(t, "rollout.example.com", func() {
		for i := range 3 {
			reapply(t, echoManifest(t, "shop", 3, fmt.Sprintf("roll-%d-%d", i, time.Now().Unix())))
			waitRolledOut(t, apps, "deployment/shop")
		}
	})
}

// testSelfUpgrade replaces all pods of Sluice by `helm upgrade`.
func testSelfUpgrade(t *testing.T) {
	underLoad(t, "upgrade.example.com", func() {
		helmUpgrade(t, fmt.Sprintf("controller.podAnnotations.rolled=at-%d", time.Now().Unix()))
		waitRolledOut(t, namespace, "deployment/sluice-controller")
		waitGone(t, 2)
	})
}

// testReplicaDeletion deletes one pod of Sluice.
func testReplicaDeletion(t *testing.T) {
	underLoad(t, "deletion.example.com", func() {
		pods := strings.Fields(kubectl(t, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=sluice", "-o", "jsonpath={.items[*].metadata.name}"))
		kubectl(t, "-n", namespace, "delete", "pod", pods[0], "--wait=true", "--timeout=120s")
		waitRolledOut(t, namespace, "deployment/sluice-controller")
		waitGone(t, 2)
	})
}

// waitGone waits until the pods that end have ended, so that what they did to
// their last connections is counted.
func waitGone(t *testing.T, want int) {
	t.Helper()
	until(t, 2*time.Minute, "old pods are gone", func() error {
		pods := strings.Fields(kubectl(t, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=sluice", "-o", "jsonpath={.items[*].metadata.name}"))
		if len(pods) != want {
			return fmt.Errorf("pods are %v", pods)
		}
		return nil
	})
}

// testChurn creates and deletes 200 unrelated Ingresses while the load runs and
// a WebSocket echoes through all of it.
func testChurn(t *testing.T) {
	f := frontAddress(t)
	apply(t, ingress("socket", "socket.example.com", "shop"))
	f.everywhere(t, "http://socket.example.com/", 200, from("shop"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, "ws://"+f.http+"/ws", &websocket.DialOptions{Host: "socket.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	echo := func(word string) {
		if err := socket.Write(ctx, websocket.MessageText, []byte(word)); err != nil {
			t.Fatalf("the WebSocket broke: %v", err)
		}
		_, got, err := socket.Read(ctx)
		if err != nil || string(got) != word {
			t.Fatalf("the WebSocket answered %q (%v), want %q", got, err, word)
		}
	}
	echo("before")
	underLoad(t, "churn.example.com", func() {
		var all strings.Builder
		for i := range 200 {
			all.WriteString(ingress(fmt.Sprintf("churn-%d", i), fmt.Sprintf("churn-%d.example.com", i), "blog"))
		}
		apply(t, all.String())
		f.eventually(t, "http://churn-199.example.com/", 200, from("blog"))
		echo("between")
		must(t, all.String(), need(t, "E2E_KUBECTL"), "delete", "-f", "-")
		f.eventually(t, "http://churn-199.example.com/", 404, "")
	})
	echo("after")
}

// waitServiceReachable waits until the API server answers at the address that
// pods use: kube-proxy, which has to bring that back, takes up to a minute.
func waitServiceReachable(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_NODE_PORTS") != "" {
		// Addresses of Services cannot be reached from here.
		time.Sleep(time.Minute)
		return
	}
	begun := time.Now()
	address := net.JoinHostPort(kubectl(t, "get", "service/kubernetes", "-o", "jsonpath={.spec.clusterIP}"), "443")
	until(t, 4*time.Minute, "the Service of the API server", func() error {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	t.Logf("the API server's Service could be reached %v after the API server", time.Since(begun).Round(time.Millisecond))
}

// testAPIServerOutage stops the API server for 60 seconds, and applies a change
// when it is back.
func testAPIServerOutage(t *testing.T) {
	underLoad(t, "outage.example.com", func() {
		must(t, "", "sh", "-c", need(t, "E2E_APISERVER_STOP"))
		defer func() { _, _ = run(t, "", "sh", "-c", os.Getenv("E2E_APISERVER_START")) }()
		if _, err := run(t, "", need(t, "E2E_KUBECTL"), "get", "--raw", "/readyz", "--request-timeout=2s"); err == nil {
			t.Error("the API server still answers, so this test shows nothing")
		}
		time.Sleep(time.Minute)
		must(t, "", "sh", "-c", need(t, "E2E_APISERVER_START"))
		until(t, 2*time.Minute, "the API server is back", func() error {
			_, err := run(t, "", need(t, "E2E_KUBECTL"), "get", "--raw", "/readyz", "--request-timeout=2s")
			return err
		})
		waitServiceReachable(t)
		apply(t, ingress("after-outage", "after-outage.example.com", "blog"))
		begun := time.Now()
		frontAddress(t).eventually(t, "http://after-outage.example.com/", 200, from("blog"))
		t.Logf("a change made when the API server could be reached again was served after %v", time.Since(begun).Round(time.Millisecond))
		for name := range strings.FieldsSeq(kubectl(t, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=sluice", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}")) {
			if name != "0" {
				t.Errorf("a replica restarted %s times during the outage", name)
			}
		}
	})
}
