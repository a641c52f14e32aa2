package apiserver

import (
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

func TestThePodsFulfilTheLevelRestrictedOfPodSecurity(t *testing.T) {
	c, err := client.New(server.Config(t), client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	restricted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "restricted-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := c.Create(t.Context(), restricted); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root(), "config", "manager", "controller-deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict(text, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := func() *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: *deployment.Spec.Template.Spec.DeepCopy()}
		p.Namespace, p.Name = restricted.Name, "sluice"
		return p
	}
	if err := c.Create(t.Context(), pod(), client.DryRunAll); err != nil {
		t.Errorf("refused: %v", err)
	}
	// The namespace does refuse what falls short of the level.
	loose := pod()
	loose.Spec.Containers[0].SecurityContext.Capabilities = nil
	if err := c.Create(t.Context(), loose, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("a Pod that keeps capabilities: %v, want it forbidden", err)
	}
}
