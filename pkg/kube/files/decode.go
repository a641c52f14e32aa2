package files

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/pkg/report"
)

// entry is what one document, or one item of a list, says.
type entry struct {
	// origin is zero where the text does not say which object it is.
	origin report.Origin
	// object is nil where the text is broken or of a kind that is not read.
	object object
	// broken says what is wrong, or is empty.
	broken string
	// line is where the document begins.
	line  int
	facts []report.Fact
	// lax skips the rules of CRDs.
	lax bool
}

// header is what every manifest begins with.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// maxNesting bounds lists in lists.
const maxNesting = 4

// decode returns what a document says; name is its file's.
func decode(name string, d document, lax bool) []entry {
	text, err := yaml.YAMLToJSONStrict(d.text)
	if err != nil {
		line, message := locate(err, d.line)
		return []entry{unparsable(name, line, message)}
	}
	return decoder{name, d.line, lax}.manifest(text, header{}, 0)
}

// decoder decodes one document.
type decoder struct {
	name string
	line int
	lax  bool
}

// manifest returns what a manifest says. The apiVersion and kind of outer count where
// it has none itself, as an item of a list; depth is how many lists it is in.
func (d decoder) manifest(text []byte, outer header, depth int) []entry {
	if string(text) == "null" {
		return nil
	}
	var h header
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &h); err != nil {
		field, message := typeError(err)
		if field != "" {
			message = "of " + field + ", " + message
		}
		return d.failed("it is no manifest: " + message)
	}
	if h.APIVersion == "" {
		h.APIVersion = outer.APIVersion
	}
	if h.Kind == "" {
		h.Kind = outer.Kind
	}
	switch {
	case h.Kind == "":
		return d.failed("it is no manifest: it has no kind")
	case h.APIVersion == "":
		return d.failed("it is no manifest: it has no apiVersion")
	}
	item, list := strings.CutSuffix(h.Kind, "List")
	if !list || h.Metadata.Name != "" {
		e := entry{line: d.line, lax: d.lax}
		e.decodeObject(&h, text)
		return []entry{e}
	}
	if depth == maxNesting {
		return d.failed("there are too many lists in lists")
	}
	of := header{APIVersion: h.APIVersion, Kind: item}
	if item == "" {
		of.APIVersion = ""
	}
	var entries []entry
	for _, text := range h.Items {
		entries = append(entries, d.manifest(text, of, depth+1)...)
	}
	return entries
}

func (d decoder) failed(message string) []entry {
	return []entry{unparsable(d.name, d.line, message)}
}

// unparsable returns the entry of a text that is no manifest.
func unparsable(name string, line int, message string) entry {
	return entry{broken: message, line: line, facts: []report.Fact{{
		Origin:   report.Origin{Kind: "File", Name: name},
		Field:    "line " + strconv.Itoa(line),
		Severity: report.Error,
		Reason:   report.Unparsable,
		Message:  message,
	}}}
}

// decodeObject fills the entry with the object of a manifest.
func (e *entry) decodeObject(h *header, text []byte) {
	e.origin = report.Origin{Kind: printable(h.Kind), Namespace: printable(h.Metadata.Namespace), Name: printable(h.Metadata.Name)}
	k := e.findKind(h)
	if k == nil {
		return
	}
	switch {
	case k.clusterWide:
		e.origin.Namespace = ""
	case e.origin.Namespace == "":
		e.origin.Namespace = "default"
	}
	if !e.checkName("metadata.name", h.Metadata.Name, validation.IsDNS1123Subdomain) ||
		!k.clusterWide && !e.checkName("metadata.namespace", e.origin.Namespace, validation.IsDNS1123Label) {
		return
	}
	if definition := definitions[k.name]; definition != nil && !e.lax {
		if text = e.validate(text, definition()); e.broken != "" {
			return
		}
	}
	o := k.make()
	unknown, err := kjson.UnmarshalStrict(text, o)
	if err != nil {
		field, message := typeError(err)
		e.refuse(field, message)
		return
	}
	for _, err := range unknown {
		e.unknown(err)
	}
	// An item of a list need not say what it is.
	o.GetObjectKind().SetGroupVersionKind(schema.FromAPIVersionAndKind(k.apiVersion, k.name))
	o.SetNamespace(e.origin.Namespace)
	setDefaults(o)
	switch o := o.(type) {
	case *discoveryv1.EndpointSlice:
		e.checkSlice(o)
	case *corev1.Service:
		e.checkPorts(o)
	}
	if e.broken == "" {
		e.object = o
	}
}

// findKind returns the kind of a manifest, nil for one that is not read, which is noted.
func (e *entry) findKind(h *header) *kind {
	for i := range kinds {
		k := &kinds[i]
		if k.name == h.Kind && k.apiVersion == h.APIVersion {
			return k
		}
	}
	for i := range kinds {
		if k := &kinds[i]; k.name == h.Kind && sameKind(k.apiVersion, h.APIVersion) {
			e.fact("apiVersion", report.Error, report.Unsupported,
				fmt.Sprintf("the version %q is not served, %q is, so the object is not read", h.APIVersion, k.apiVersion))
			return nil
		}
	}
	e.fact("", report.Info, report.Unsupported, fmt.Sprintf("objects of the kind %q of %q are not read", h.Kind, h.APIVersion))
	return nil
}

// sameKind reports whether a kind of one apiVersion is that of another one in another
// version. Ingress was in the group extensions once.
func sameKind(known, other string) bool {
	group, _, _ := strings.Cut(known, "/")
	otherGroup, _, _ := strings.Cut(other, "/")
	return group == otherGroup || otherGroup == "extensions"
}

// printable quotes what would not stand on one line as it is.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func (e *entry) fact(field string, severity report.Severity, reason report.Reason, message string) {
	e.facts = append(e.facts, report.Fact{Origin: e.origin, Field: printable(field), Severity: severity, Reason: reason, Message: message})
}

// refuse notes what breaks the object.
func (e *entry) refuse(field, message string) {
	e.fact(field, report.Error, report.Invalid, message+", so the object is not read")
	if e.broken == "" {
		e.broken = message
		if field != "" {
			e.broken = field + ": " + message
		}
	}
}

func (e *entry) checkName(field, name string, check func(string) []string) bool {
	if name == "" {
		e.refuse(field, "it is missing")
		return false
	}
	if problems := check(name); len(problems) > 0 {
		e.refuse(field, fmt.Sprintf("%q is no valid name", name))
		return false
	}
	return true
}

// unknown notes a field that the kind does not have.
func (e *entry) unknown(err error) {
	field := ""
	if f, ok := err.(interface{ FieldPath() string }); ok {
		field = f.FieldPath()
	}
	e.fact(field, report.Warning, report.UnknownField, "there is no such field, so it has no effect")
}

// typePattern is the form of the decoder's complaint about a value of the wrong type.
var typePattern = regexp.MustCompile(`^json: cannot unmarshal (.+) into Go (?:struct field [^.]*\.(\S+)|value) of type (\S+)$`)

// embedded are the names of Go structs in the decoder's paths that no manifest has.
var embedded = regexp.MustCompile(`\b[A-Z]\w*\.`)

// typeError returns the field and the problem of a value of the wrong type.
func typeError(err error) (field, message string) {
	if m := typePattern.FindStringSubmatch(err.Error()); m != nil {
		return embedded.ReplaceAllString(m[2], ""), fmt.Sprintf("%s cannot stand where %s is expected", m[1], typeName(m[3]))
	}
	if message := plain(err); strings.HasPrefix(message, "illegal base64 data") {
		// Only Secrets and ConfigMaps have such, in fields that end in this word.
		return "data", "a value is not in base64: " + message
	}
	return "", plain(err)
}

// typeName returns a Go type in the words of a manifest.
func typeName(t string) string {
	switch t = strings.TrimLeft(t, "*"); {
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "uint"), strings.HasPrefix(t, "float"):
		return "a number"
	case t == "bool":
		return "true or false"
	case t == "string", strings.HasSuffix(t, "Type"), strings.HasSuffix(t, "Protocol"):
		return "a string"
	}
	return "a map"
}

// plain returns an error without the decoder's name, on one line.
func plain(err error) string {
	message := strings.Join(strings.Fields(err.Error()), " ")
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "json: ", "unmarshal errors: "} {
		message = strings.TrimPrefix(message, prefix)
	}
	return message
}

var linePattern = regexp.MustCompile(`line (\d+): `)

// locate returns the line in the file that a parser's complaint is about, and the rest of it.
func locate(err error, first int) (line int, message string) {
	message = plain(err)
	m := linePattern.FindStringSubmatchIndex(message)
	if m == nil {
		return first, message
	}
	n, err := strconv.Atoi(message[m[2]:m[3]])
	if err != nil {
		return first, message
	}
	return first + n - 1, message[:m[0]] + message[m[1]:]
}
