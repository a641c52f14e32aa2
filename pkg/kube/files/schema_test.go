package files

import (
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/config/crd"
)

// TestAPIServerAcceptsTheCRDs runs the checks of the API server on the CRDs, those of the
// cost of their rules included.
func TestAPIServerAcceptsTheCRDs(t *testing.T) {
	for name, manifest := range map[string][]byte{"ProxyRoute": crd.ProxyRoute, "ProxyPolicy": crd.ProxyPolicy} {
		t.Run(name, func(t *testing.T) { accept(t, manifest) })
	}
}

func accept(t *testing.T, manifest []byte) {
	t.Helper()
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(manifest, &external); err != nil {
		t.Fatal(err)
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&external)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&external.Spec)
	external.Status.StoredVersions = []string{external.Spec.Versions[0].Name}
	var internal apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&external, &internal, nil); err != nil {
		t.Fatal(err)
	}
	for _, problem := range validation.ValidateCustomResourceDefinition(t.Context(), &internal) {
		t.Error(problem)
	}
}
