package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testKustomize installs by `kubectl apply -k config/` and takes it away again.
func testKustomize(t *testing.T) {
	dir := filepath.Join(root(t), "config")
	kubectl(t, "apply", "-k", dir)
	waitRolledOut(t, namespace, "deployment/sluice-controller")
	frontAddress(t).eventually(t, "http://nobody.example.com/", 404, "")
	// The namespace controller looks again after half the Pods' grace period,
	// which is 260 s, however soon they end.
	kubectl(t, "delete", "-k", dir, "--wait=true", "--timeout=240s")
}

// testHelmInstall installs by the chart with its defaults, and checks that the
// namespace enforces the restricted Pod Security Standard.
func testHelmInstall(t *testing.T) {
	if _, err := run(t, "", need(t, "E2E_KUBECTL"), "create", "namespace", namespace); err != nil && !strings.Contains(err.Error(), "AlreadyExists") {
		t.Fatal(err)
	}
	kubectl(t, "label", "--overwrite", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
	helmUpgrade(t)
	waitRolledOut(t, namespace, "deployment/sluice-controller")
	if ready := kubectl(t, "-n", namespace, "get", "deployment/sluice-controller", "-o", "jsonpath={.status.readyReplicas}"); ready != "2" {
		t.Errorf("%q replicas are ready, want 2", ready)
	}
	frontAddress(t).eventually(t, "http://nobody.example.com/", 404, "")
}

// helmUpgrade installs or upgrades the release; values are --set pairs.
func helmUpgrade(t *testing.T, values ...string) {
	t.Helper()
	args := []string{"upgrade", "--install", "sluice", filepath.Join(root(t), "charts/sluice"), "--wait", "--timeout", "3m", "--set", "gatewayAPI.installCRDs=true"}
	for _, v := range values {
		args = append(args, "--set-string", v)
	}
	helm(t, args...)
}

// testHelmUninstall wants nothing of ours left but the CRDs.
func testHelmUninstall(t *testing.T) {
	helm(t, "uninstall", "sluice", "--wait", "--timeout", "2m")
	kinds := "deployments,replicasets,services,serviceaccounts,poddisruptionbudgets,roles,rolebindings,clusterroles,clusterrolebindings,ingressclasses,networkpolicies,configmaps,secrets,horizontalpodautoscalers"
	until(t, time.Minute, "everything is gone", func() error {
		return nothingLeft(t, kubectl(t, "get", kinds, "-A", "-o", "json"))
	})
	left := kubectl(t, "get", "customresourcedefinitions", "-o", "name")
	if !strings.Contains(left, "proxyroutes.sluice.dev") {
		t.Errorf("the CRD is gone, and users' objects with it: %s", left)
	}
}

type leftovers []string

func (l leftovers) Error() string { return "left behind: " + strings.Join(l, ", ") }

// nothingLeft looks for objects that carry Sluice's name or label.
func nothingLeft(t *testing.T, list string) error {
	t.Helper()
	var all struct {
		Items []struct {
			Kind     string
			Metadata struct {
				Name, Namespace string
				Labels          map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(list), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Items) == 0 {
		t.Fatal("the cluster lists nothing at all, so the check sees nothing")
	}
	var left leftovers
	for _, item := range all.Items {
		m := item.Metadata
		if m.Labels["app.kubernetes.io/name"] == "sluice" || strings.HasPrefix(m.Name, "sluice") {
			left = append(left, item.Kind+"/"+m.Namespace+"/"+m.Name)
		}
	}
	if left == nil {
		return nil
	}
	return left
}

// waitRolledOut waits until all pods of a Deployment are the new ones and ready.
func waitRolledOut(t *testing.T, namespace, name string) {
	t.Helper()
	kubectl(t, "-n", namespace, "rollout", "status", name, "--timeout=180s")
}
