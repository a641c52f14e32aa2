package files

import (
	"strings"
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

// TestEachKindHasItsRules compiles the schemas of all kinds that have a CRD.
func TestEachKindHasItsRules(t *testing.T) {
	for _, k := range kinds {
		if !strings.Contains(k.apiVersion, "gateway.networking.") && !strings.HasPrefix(k.apiVersion, "sluice.dev/") {
			continue
		}
		definition := definitions[k.name]
		if definition == nil {
			t.Errorf("%s of %s is read without the rules of its CRD", k.name, k.apiVersion)
			continue
		}
		if d := definition(); d.structural == nil {
			t.Errorf("the CRD of %s has no schema", k.name)
		}
	}
}

func TestObjectsOfTheGatewayAPIAreHeldToItsRules(t *testing.T) {
	const text = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a, namespace: default}
spec:
  parentRefs: [{name: g}]
  rules:
  - filters:
    - {type: RequestRedirect, requestRedirect: {scheme: https}}
    - {type: URLRewrite, urlRewrite: {hostname: a.example}}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata: {name: b, namespace: default}
spec:
  parentRefs: [{name: g}]
  rules: [{matches: [{path: {value: /b}}]}]
`
	broken := make(map[string]string)
	for _, e := range parse("all.yaml", []byte(text), false).entries {
		broken[e.origin.Name] = e.broken
	}
	const complaint = "spec.rules[0].filters: Invalid value: May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both"
	if broken["a"] != complaint || broken["b"] != "" {
		t.Errorf("the complaints are %q", broken)
	}
	for _, e := range parse("all.yaml", []byte(text), true).entries {
		if e.broken != "" {
			t.Errorf("without rules: %s", e.broken)
		}
	}
}
