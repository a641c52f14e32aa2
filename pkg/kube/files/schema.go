package files

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	gatewayapicrds "github.com/sluice-dev/sluice/charts/sluice/charts/gateway-api-crds"
	"github.com/sluice-dev/sluice/config/crd"
	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
)

// definition is the schema of a CustomResourceDefinition, ready to check objects
// with the very code that the API server checks them with.
type definition struct {
	structural *schema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

// definitions are the schemas by kind. Each is compiled when the first object of the kind
// is read, as that takes some milliseconds; that panics where the CRD is broken, which is a
// defect of the build.
var definitions = map[string]func() *definition{
	"ProxyRoute":            own(crd.ProxyRoute),
	"ProxyPolicy":           own(crd.ProxyPolicy),
	"GatewayClass":          published(gatewayv1.GroupName, "gatewayclasses", "v1"),
	"Gateway":               published(gatewayv1.GroupName, "gateways", "v1"),
	"ListenerSet":           published(gatewayv1.GroupName, "listenersets", "v1"),
	"HTTPRoute":             published(gatewayv1.GroupName, "httproutes", "v1"),
	"GRPCRoute":             published(gatewayv1.GroupName, "grpcroutes", "v1"),
	"TLSRoute":              published(gatewayv1.GroupName, "tlsroutes", "v1"),
	"TCPRoute":              published(gatewayv1.GroupName, "tcproutes", "v1"),
	"UDPRoute":              published(gatewayv1.GroupName, "udproutes", "v1"),
	"ReferenceGrant":        published(gatewayv1.GroupName, "referencegrants", "v1"),
	"BackendTLSPolicy":      published(gatewayv1.GroupName, "backendtlspolicies", "v1"),
	"XBackendTrafficPolicy": published(gatewayxv1.GroupName, "xbackendtrafficpolicies", "v1alpha1"),
}

// own is the definition of a CRD of ours.
func own(manifest []byte) func() *definition {
	return sync.OnceValue(func() *definition { return mustDefine(manifest, v1alpha1.GroupVersion.Version) })
}

// published is the definition of a CRD of the Gateway API.
func published(group, plural, version string) func() *definition {
	return sync.OnceValue(func() *definition {
		manifest, err := gatewayapicrds.Files.ReadFile("crds/" + group + "_" + plural + ".yaml")
		if err != nil {
			panic("a CRD is missing: " + err.Error())
		}
		return mustDefine(manifest, version)
	})
}

func mustDefine(manifest []byte, version string) *definition {
	d, err := define(manifest, version)
	if err != nil {
		panic("a CRD is broken: " + err.Error())
	}
	return d
}

// define compiles the schema of a version of a CRD.
func define(manifest []byte, version string) (*definition, error) {
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(manifest, &external); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(external.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == version })
	if i < 0 {
		return nil, fmt.Errorf("%s has no version %s", external.Name, version)
	}
	var props apiextensions.JSONSchemaProps
	err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		external.Spec.Versions[i].Schema.OpenAPIV3Schema, &props, nil)
	if err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(&props)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		return nil, err
	}
	return &definition{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// check fills in defaults and returns what the API server would complain about.
func (d *definition) check(o map[string]any) field.ErrorList {
	defaulting.Default(o, d.structural)
	problems := validation.ValidateCustomResource(nil, o, d.schema)
	problems = append(problems, listtype.ValidateListSetsAndMaps(nil, d.structural, o)...)
	if len(problems) > 0 {
		// Rules may rely on the types that the schema asks for.
		return problems
	}
	problems, _ = d.rules.Validate(context.Background(), nil, d.structural, o, nil, celconfig.RuntimeCELCostBudget)
	return problems
}

// validate checks an object against its CRD. It returns the text with defaults filled in.
func (e *entry) validate(text []byte, d *definition) []byte {
	var o map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &o); err != nil {
		e.refuse("", plain(err))
		return nil
	}
	for _, problem := range d.check(o) {
		e.refuse(problem.Field, strings.Join(strings.Fields(problem.ErrorBody()), " "))
	}
	text, err := json.Marshal(o)
	if err != nil {
		e.refuse("", plain(err))
	}
	return text
}
