package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/sluice-dev/sluice/pkg/admin"
)

// patience bounds how long a test waits for another process. It is long, since
// it is only there to end a test that has failed.
const patience = 2 * time.Minute

// startAPIServer runs etcd and kube-apiserver until the test ends.
func startAPIServer(t *testing.T) (*envtest.Environment, *rest.Config) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("this test needs etcd and kube-apiserver in the folder that KUBEBUILDER_ASSETS names: run `make test`")
	}
	env := &envtest.Environment{
		CRDDirectoryPaths:        []string{"../../config/crd/bases"},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  3 * time.Second,
	}
	config, err := env.Start()
	t.Cleanup(func() { _ = env.Stop() }) // It has to kill an API server that watches keep alive.
	if err != nil {
		t.Fatalf("start the API server: %v", err)
	}
	return env, config
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// eventually waits until ok says that it is so; what says what it saw last.
func eventually(t *testing.T, what string, ok func() (bool, any)) {
	t.Helper()
	deadline := time.After(patience)
	for {
		done, seen := ok()
		if done {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			t.Fatalf("%s: it does not come; last seen: %v", what, seen)
		}
	}
}

// site asks a process that runs.
type site struct {
	t      *testing.T
	client *http.Client
	app    *App
}

// get returns the status and body of a page of an address under a host's name.
func (s *site) get(address, host, path string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, resp.Header.Get("X-Sluice-Reason") + " " + string(body)
}

// becomes waits until a host is answered with a status.
func (s *site) becomes(host string, status int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%s is answered %d", host, status), func() (bool, any) {
		got, body := s.get(s.app.HTTP.String(), host, "/")
		return got == status, fmt.Sprint(got, " ", body)
	})
}

func TestControllerServesWhatTheAPIServerHolds(t *testing.T) {
	env, config := startAPIServer(t)
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	log := new(lines)
	o := VerbController.Defaults()
	o.HTTPAddr, o.HTTPSAddr, o.OpsAddr, o.AdminAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	o.DrainDelay = 0
	o.DebugHeaders = true
	o.Config = config
	o.PublishStatusAddresses = []string{"192.0.2.1"}
	o.LeaderElectionNamespace = "default"
	o.Log, o.AccessLog = log, io.Discard
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Controller(ctx) }()
	defer func() {
		if t.Failed() {
			t.Logf("the log:\n%s", log)
		}
	}()
	eventually(t, "the first table is served", func() (bool, any) { return strings.Contains(log.String(), "first table served"), log })
	s := &site{t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}, a}

	if status, body := s.get(a.Ops.String(), "", "/readyz"); status != http.StatusOK {
		t.Errorf("it serves, but /readyz says %d %s", status, body)
	}
	s.becomes("a.example", http.StatusNotFound)

	class := "sluice"
	for _, host := range []string{"a.example", "other.example"} {
		ing := ingress(host, "a")
		ing.Namespace = "default"
		if host == "a.example" {
			ing.Spec.IngressClassName = &class
		}
		if _, err := clients.NetworkingV1().Ingresses("default").Create(ctx, ing, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	svc := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
	if _, err := clients.CoreV1().Services("default").Create(ctx, svc, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.becomes("a.example", http.StatusServiceUnavailable)
	s.becomes("other.example", http.StatusNotFound) // It names no class, and there is no default one.

	slice := endpointSlice("a", "192.0.2.17")
	slice.Namespace = "default"
	if _, err := clients.DiscoveryV1().EndpointSlices("default").Create(ctx, slice, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the endpoint arrives", func() (bool, any) {
		_, body := s.get(a.Admin.String(), "", "/explain?url=http://a.example/")
		var answer admin.Answer
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			return false, body
		}
		return len(answer.Pools) == 1 && len(answer.Pools[0].Endpoints) == 1 && answer.Pools[0].Endpoints[0].Address == "192.0.2.17:8080", body
	})
	eventually(t, "the status is written", func() (bool, any) {
		got, err := clients.NetworkingV1().Ingresses("default").Get(ctx, "a.example", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		list := got.Status.LoadBalancer.Ingress
		return len(list) == 1 && list[0].IP == "192.0.2.1", list
	})

	// The API server goes away, and everything is served as before.
	_ = env.ControlPlane.GetAPIServer().Stop()
	if status, body := s.get(a.HTTP.String(), "other.example", "/"); status != http.StatusNotFound {
		t.Errorf("without an API server, other.example is answered %d %s", status, body)
	}
	if status, body := s.get(a.Ops.String(), "", "/readyz"); status != http.StatusOK {
		t.Errorf("without an API server, /readyz says %d %s", status, body)
	}
	if status, body := s.get(a.Admin.String(), "", "/config"); status != http.StatusOK || !strings.Contains(body, "host a.example") {
		t.Errorf("without an API server, the config is %d %s", status, body)
	}

	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("it does not end without an API server")
	}
	if !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Error("it does not say that it stopped")
	}
}
