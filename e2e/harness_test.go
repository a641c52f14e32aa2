package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience bounds what a test waits for. It is long, since it is only there to end a test that has failed.
const patience = 90 * time.Second

// namespace is where Sluice is installed.
const namespace = "sluice-system"

// need returns an environment variable that `make e2e` sets.
func need(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set; run `make e2e`", name)
	}
	return value
}

// root is the checkout.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program with the kubeconfig set and returns what it printed.
func run(t *testing.T, stdin string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+need(t, "E2E_KUBECONFIG"))
	cmd.Stdin = strings.NewReader(stdin)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String(), out.String())
	}
	return out.String(), nil
}

func must(t *testing.T, stdin string, name string, args ...string) string {
	t.Helper()
	out, err := run(t, stdin, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// kubectl runs kubectl and fails the test where it fails.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "", need(t, "E2E_KUBECTL"), args...)
}

// apply applies manifests and deletes them when the test ends.
func apply(t *testing.T, manifests string) {
	t.Helper()
	reapply(t, manifests)
	t.Cleanup(func() {
		_, _ = run(t, manifests, need(t, "E2E_KUBECTL"), "delete", "--ignore-not-found", "--wait=false", "-f", "-")
	})
}

// reapply applies manifests and leaves them.
func reapply(t *testing.T, manifests string) {
	t.Helper()
	must(t, manifests, need(t, "E2E_KUBECTL"), "apply", "-f", "-")
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "", need(t, "E2E_HELM"), append([]string{"--namespace", namespace}, args...)...)
}

// until asks again until check returns nil, and fails with its last error.
func until(t *testing.T, within time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// front is where clients reach Sluice.
type front struct{ http, https string }

// frontAddress returns the address of the installation's Service: that of its
// load balancer, or a node's with the node ports.
func frontAddress(t *testing.T) front {
	t.Helper()
	service := "service/sluice-controller"
	query := func(path string) string {
		return kubectl(t, "-n", namespace, "get", service, "-o", "jsonpath="+path)
	}
	var f front
	if os.Getenv("E2E_NODE_PORTS") != "" {
		node := strings.Fields(kubectl(t, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`))[0]
		f.http = net.JoinHostPort(node, query(`{.spec.ports[?(@.port==80)].nodePort}`))
		f.https = net.JoinHostPort(node, query(`{.spec.ports[?(@.port==443)].nodePort}`))
		return f
	}
	until(t, time.Minute, "the Service's address", func() error {
		ip := query(`{.status.loadBalancer.ingress[0].ip}`)
		if ip == "" {
			return fmt.Errorf("%s has no load balancer address", service)
		}
		f = front{net.JoinHostPort(ip, "80"), net.JoinHostPort(ip, "443")}
		return nil
	})
	return f
}

// answer is a response in short.
type answer struct {
	status int
	body   string
	header http.Header
	tls    *peer
}

// get asks once over a new connection, without following redirects. The URL's
// host is asked for at the front's address.
func (f front) get(url string, options ...func(*http.Request)) (answer, error) {
	var seen *peer
	transport := f.transport(&seen)
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return answer{}, err
	}
	for _, option := range options {
		option(req)
	}
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(body), resp.Header, seen}, err
}

// eventually asks until the answer has that status and a body with that text.
func (f front) eventually(t *testing.T, url string, status int, text string) answer {
	t.Helper()
	var got answer
	until(t, patience, url, func() error {
		var err error
		got, err = f.get(url)
		if err != nil {
			return err
		}
		if got.status != status || !strings.Contains(got.body, text) {
			return fmt.Errorf("status %d, want %d with %q: %.300s", got.status, status, text, got.body)
		}
		return nil
	})
	return got
}

// everywhere is eventually from all replicas, each of which learns of a change by itself: every one
// of many new connections must get that answer.
func (f front) everywhere(t *testing.T, url string, status int, text string) {
	t.Helper()
	until(t, patience, url+" from all replicas", func() error {
		for range 20 {
			got, err := f.get(url)
			if err != nil {
				return err
			}
			if got.status != status || !strings.Contains(got.body, text) {
				return fmt.Errorf("status %d, want %d with %q: %.300s", got.status, status, text, got.body)
			}
		}
		return nil
	})
}
