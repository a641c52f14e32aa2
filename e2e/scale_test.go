package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestScale prints how long it takes from applying an Ingress to its first 200,
// and how much memory a replica takes, with few Ingresses and with many. It is
// for `make bench-scale`, has no bound on time, and fails only where something
// is not served.
func TestScale(t *testing.T) {
	testHelmInstall(t)
	t.Cleanup(func() { helm(t, "uninstall", "sluice", "--wait", "--timeout", "2m") })
	deployEchoes(t)
	api := startAPIProxy(t)
	f := frontAddress(t)
	for _, total := range []int{10, 5000} {
		api.fill(t, total)
		f.eventually(t, fmt.Sprintf("http://fill-%d.scale.example.com/", total-1), 200, from("blog"))
		took := make([]time.Duration, 0, scaleSamples)
		for i := range scaleSamples {
			took = append(took, api.timeToFirst200(t, f, fmt.Sprintf("sample-%d-%d", total, i)))
		}
		slices.Sort(took)
		t.Logf("%d Ingresses: apply to first 200: p50 %v, p99 %v, max %v; memory of the replicas: %s",
			total, took[len(took)/2], took[len(took)*99/100], took[len(took)-1], strings.Join(memory(t), ", "))
	}
}

// scaleSamples is how many Ingresses are timed at each size.
const scaleSamples = 200

// apiProxy speaks with the API server through `kubectl proxy`.
type apiProxy struct {
	address string
	filled  int
}

func startAPIProxy(t *testing.T) *apiProxy {
	t.Helper()
	cmd := exec.Command(need(t, "E2E_KUBECTL"), "proxy", "--port=0")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+need(t, "E2E_KUBECONFIG"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return &apiProxy{address: "http://" + strings.TrimSpace(line[strings.LastIndex(line, " ")+1:])}
}

// create makes one Ingress; an error means that the API server refused it.
func (a *apiProxy) create(name, host, service string) error {
	return a.post("/apis/networking.k8s.io/v1/namespaces/"+apps+"/ingresses", strings.TrimSuffix(strings.TrimSpace(ingress(name, host, service)), "---"))
}

// fill makes Ingresses until there are total.
func (a *apiProxy) fill(t *testing.T, total int) {
	t.Helper()
	first := a.filled
	a.each(t, total-first, func(i int) error {
		return a.create(fmt.Sprintf("fill-%d", first+i), fmt.Sprintf("fill-%d.scale.example.com", first+i), "blog")
	})
	a.filled = total
}

// timeToFirst200 makes an Ingress and asks for it, each time over a new
// connection and so at any replica, until the first 200.
func (a *apiProxy) timeToFirst200(t *testing.T, f front, name string) time.Duration {
	t.Helper()
	host := name + ".scale.example.com"
	begun := time.Now()
	if err := a.create(name, host, "shop"); err != nil {
		t.Fatal(err)
	}
	for {
		got, err := f.get("http://" + host + "/")
		if err != nil {
			t.Fatal(err)
		}
		if got.status == 200 {
			return time.Since(begun)
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s is not served after a minute: %d", host, got.status)
		}
	}
}

var residentPattern = regexp.MustCompile(`(?m)^process_resident_memory_bytes ([\d.e+]+)$`)

// memory asks each replica for its resident memory.
func memory(t *testing.T) []string {
	t.Helper()
	var found []string
	for pod := range strings.FieldsSeq(kubectl(t, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=sluice", "-o", "jsonpath={.items[*].metadata.name}")) {
		metrics := kubectl(t, "get", "--raw", "/api/v1/namespaces/"+namespace+"/pods/"+pod+":10254/proxy/metrics")
		m := residentPattern.FindStringSubmatch(metrics)
		if m == nil {
			t.Fatalf("%s has no process_resident_memory_bytes", pod)
		}
		var bytes float64
		if _, err := fmt.Sscan(m[1], &bytes); err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprintf("%.0f MiB", bytes/(1<<20)))
	}
	return found
}
