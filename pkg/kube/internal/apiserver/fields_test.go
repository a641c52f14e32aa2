package apiserver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/sluice-dev/sluice/config/crd"
)

// TestEachFieldIsShown asks of each field of our own kinds, at each place where it can stand, that it is documented,
// that a golden case of the translator uses it, and that a case for the API server or an example does; and of each
// value of an enumeration that a golden case has it, so that the translator knows all that the CRDs let pass.
func TestEachFieldIsShown(t *testing.T) {
	wanted, golden, shown := fieldSet{}, fieldSet{}, fieldSet{}
	for kind, text := range map[string][]byte{"ProxyRoute": crd.ProxyRoute, "ProxyPolicy": crd.ProxyPolicy} {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		wanted.addSchema(t, kind, &schema)
	}
	for kind, cases := range map[string]map[string]specCase{"ProxyRoute": proxyRouteCases(), "ProxyPolicy": proxyPolicyCases()} {
		for _, test := range cases {
			shown.addObjects(t, "{kind: "+kind+", spec: "+test.spec+"}")
		}
	}
	addFolder(t, shown, "../../../../examples")
	addFolder(t, golden, "../../translate/testdata")

	for _, field := range slices.Sorted(maps.Keys(wanted)) {
		if !golden[field] {
			t.Errorf("no golden case has %s", field)
		}
		if !shown[field] && !strings.Contains(field, "=") {
			t.Errorf("no case for the API server and no example has %s", field)
		}
	}
	if len(wanted) < 200 {
		t.Errorf("the schemas have only %d fields", len(wanted))
	}
}

// fieldSet holds fields as KIND.a.b[].c, where the fields of a filter, and what stands in Settings, have one
// name wherever they stand. The places themselves, as KIND.a.b[].filters, are fields too.
type fieldSet map[string]bool

// add adds a field, by its path with the kind before it.
func (s fieldSet) add(path string) {
	s[path] = true
	if _, field, ok := strings.Cut(path, ".filters[]."); ok {
		delete(s, path)
		s["filters[]."+field] = true
		return
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(path, "ProxyPolicy."), "ProxyRoute.")
	rest = strings.TrimPrefix(rest, "routes[].")
	if first, _, deeper := strings.Cut(rest, "."); deeper && slices.Contains(settings, strings.TrimSuffix(first, "[]")) {
		delete(s, path)
		s[rest] = true
	}
}

// settings are the fields of Settings.
var settings = []string{"versioning", "balance", "timeouts", "retry", "health", "circuitBreaker", "bufferResponse", "limits"}

// addSchema adds all fields of a schema, which must be documented, and the values of those that have a few.
func (s fieldSet) addSchema(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	for name, property := range schema.Properties {
		field := path + "." + name
		s.add(field)
		if property.Description == "" {
			t.Errorf("%s is not documented", field)
		}
		s.addEnum(field, &property)
		if property.Items != nil {
			s.addEnum(field+"[]", property.Items.Schema)
			s.addSchema(t, field+"[]", property.Items.Schema)
			continue
		}
		s.addSchema(t, field, &property)
	}
}

// addEnum adds the values that a field may have as PATH=VALUE.
func (s fieldSet) addEnum(path string, schema *apiextensionsv1.JSONSchemaProps) {
	for _, value := range schema.Enum {
		s.add(path + "=" + strings.Trim(string(value.Raw), `"`))
	}
}

// addValue adds all fields of a value, which an empty one has too, and what stands in them.
func (s fieldSet) addValue(path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			s.add(path + "." + name)
			s.addValue(path+"."+name, inner)
		}
	case []any:
		for _, inner := range v {
			s.addValue(path+"[]", inner)
		}
	case string, float64, int64:
		s.add(fmt.Sprint(path, "=", v))
	}
}

// addObjects adds the fields of the objects of our own kinds in a text of YAML. Others, and what is no
// YAML, are left out: some cases are about that.
func (s fieldSet) addObjects(t *testing.T, text string) {
	documents := yaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(text)))
	defer documents.Close()
	buffer := make([]byte, len(text)+1)
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var object struct {
			Kind string         `json:"kind"`
			Spec map[string]any `json:"spec"`
		}
		if yaml.Unmarshal(buffer[:n], &object) == nil && (object.Kind == "ProxyRoute" || object.Kind == "ProxyPolicy") {
			s.addValue(object.Kind, object.Spec)
		}
	}
}

// addFolder adds the objects in the files of YAML below a folder, also those in txtar archives.
func addFolder(t *testing.T, s fieldSet, folder string) {
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		switch filepath.Ext(name) {
		case ".yaml":
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			s.addObjects(t, string(text))
		case ".txtar":
			archive, err := txtar.ParseFile(name)
			if err != nil {
				return err
			}
			for _, f := range archive.Files {
				if filepath.Ext(f.Name) == ".yaml" {
					s.addObjects(t, string(f.Data))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
