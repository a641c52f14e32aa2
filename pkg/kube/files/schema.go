package files

import (
	"context"
	"encoding/json"
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
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/config/crd"
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
	"ProxyRoute":  sync.OnceValue(func() *definition { return mustDefine(crd.ProxyRoute) }),
	"ProxyPolicy": sync.OnceValue(func() *definition { return mustDefine(crd.ProxyPolicy) }),
}

func mustDefine(manifest []byte) *definition {
	d, err := define(manifest)
	if err != nil {
		panic("a CRD is broken: " + err.Error())
	}
	return d
}

// define compiles the schema of the first version of a CRD.
func define(manifest []byte) (*definition, error) {
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(manifest, &external); err != nil {
		return nil, err
	}
	var props apiextensions.JSONSchemaProps
	err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		external.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil)
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
