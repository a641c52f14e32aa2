package translate_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot/snapshottest"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/report"
)

var update = flag.Bool("update", false, "rewrite what the golden cases expect")

// The files of a golden case that say what is expected, in this order.
const (
	wantIR        = "want-ir"
	wantFacts     = "want-facts"
	wantEndpoints = "want-endpoints"
	// wantStatus is only there where the case has objects of the Gateway API.
	wantStatus = "want-status"
)

// lax is the option of cases with objects that their CRDs would refuse.
const lax = "lax"

// TestGolden translates the manifests of each case, twice, and compares the
// model, all facts and the endpoints with what the case expects.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, archive)
			if *update {
				rewrite(t, name, archive, got)
				return
			}
			for _, f := range got {
				if diff := cmp.Diff(string(file(archive, f.Name)), string(f.Data)); diff != "" {
					t.Errorf("%s, wanted (-) and got (+):\n%s", f.Name, diff)
				}
			}
		})
	}
}

// run returns what a case leads to.
func run(t *testing.T, archive *txtar.Archive) []txtar.File {
	read := snapshottest.Load
	if slices.Contains(strings.Fields(string(file(archive, "options"))), lax) {
		read = snapshottest.LoadLax
	}
	s, loaded := read(t, withCertificates(t, archive))
	o := options(t, file(archive, "options"))
	config, verdicts, facts := translate.Translate(s, o)
	if err := ir.Validate(config); err != nil {
		t.Errorf("the model is not sound: %v", err)
	}
	if again, _, _ := translate.Translate(s, o); !ir.Equal(config, again) {
		t.Error("a second translation of the same snapshot gave another model")
	}
	facts.Merge(loaded)
	return []txtar.File{
		{Name: wantIR, Data: dump(t, config)},
		{Name: wantFacts, Data: factLines(facts)},
		{Name: wantEndpoints, Data: endpointLines(translate.Endpoints(s, config))},
		{Name: wantStatus, Data: statusLines(verdicts)},
	}
}

// options reads the options of a case, one a line.
func options(t *testing.T, text []byte) translate.Options {
	o := translate.DefaultOptions()
	o.Timeouts = ir.Timeouts{}
	o.Now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, line := range strings.Fields(string(text)) {
		name, value, _ := strings.Cut(line, "=")
		switch name {
		case "timeouts":
			o.Timeouts = translate.DefaultOptions().Timeouts
		case "max-body":
			o.MaxBodyBytes = 1 << 20
		case "all-classes":
			o.AllClasses = true
		case "classes":
			o.IngressClasses = strings.Split(value, ",")
		case "default-certificate":
			namespace, secret, _ := strings.Cut(value, "/")
			o.DefaultCertificate = types.NamespacedName{Namespace: namespace, Name: secret}
		case "alternative-domain":
			d, err := translate.ParseAlternativeDomain(value)
			if err != nil {
				t.Fatal(err)
			}
			o.AlternativeDomains = append(o.AlternativeDomains, d)
		case "replicas-unknown":
			o.ReplicasUnknown = true
		case "http3":
			o.HTTP3 = true
		case "https-port":
			o.HTTPSPort = 8443
		case "local-addresses":
			o.LocalAddresses = true
		case "no-ssl-redirect":
			o.SSLRedirect = false
		case "offline":
			o.Offline = true
			o.OwnHTTP, o.OwnHTTPS = 8080, 8443
			o.PortMap = map[uint16]uint16{80: 8080, 443: 8443}
		case lax:
		case "report-endpoints":
			o.ReportEndpoints = true
		default:
			t.Fatalf("there is no option %s", name)
		}
	}
	return o
}

var reference = regexp.MustCompile(`\{\{(base64|quoted) ([a-z-]+\.(?:crt|key|ocsp))\}\}`)

// withCertificates replaces {{base64 NAME}} by the certificate or key of that
// name in testdata/certs, and {{quoted NAME}} by its text as a string.
func withCertificates(t *testing.T, archive *txtar.Archive) *txtar.Archive {
	filled := &txtar.Archive{}
	for _, f := range archive.Files {
		data := reference.ReplaceAllFunc(f.Data, func(match []byte) []byte {
			parts := reference.FindSubmatch(match)
			text, err := os.ReadFile(filepath.Join("testdata/certs", string(parts[2])))
			if err != nil {
				t.Fatal(err)
			}
			if string(parts[1]) == "quoted" {
				return []byte(strconv.Quote(string(text)))
			}
			return []byte(base64.StdEncoding.EncodeToString(text))
		})
		filled.Files = append(filled.Files, txtar.File{Name: f.Name, Data: data})
	}
	return filled
}

var fingerprint = regexp.MustCompile(`fingerprint=[0-9a-f]{120}([0-9a-f]{8})\b`)

// dump shortens fingerprints, which say nothing to a reader.
func dump(t *testing.T, config *ir.Config) []byte {
	var b bytes.Buffer
	if err := ir.Dump(&b, config); err != nil {
		t.Fatal(err)
	}
	return fingerprint.ReplaceAll(b.Bytes(), []byte("fingerprint=$1"))
}

func factLines(facts *report.Set) []byte {
	var b bytes.Buffer
	for _, fact := range facts.All() {
		fmt.Fprintln(&b, fact)
	}
	return b.Bytes()
}

func endpointLines(sets []ir.EndpointSet) []byte {
	var b bytes.Buffer
	for _, set := range sets {
		fmt.Fprintln(&b, set.Key)
		for _, e := range set.Endpoints {
			address := e.Address.String()
			if e.Hostname != "" {
				address = fmt.Sprintf("%s port %d", e.Hostname, e.Address.Port())
			}
			words := []string{"", address, e.State.String()}
			for _, word := range [][2]string{{"zone", e.Zone}, {"for-zones", e.ForZones}, {"weight", strings.TrimPrefix(strconv.Itoa(e.Weight), "0")}, {"node", e.Node}, {"target", e.Target}, {"out", e.Out}} {
				if word[1] != "" {
					words = append(words, word[0]+"="+word[1])
				}
			}
			fmt.Fprintln(&b, strings.Join(words, " "))
		}
	}
	return b.Bytes()
}

func file(archive *txtar.Archive, name string) []byte {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// rewrite writes the case with what it leads to.
func rewrite(t *testing.T, name string, archive *txtar.Archive, got []txtar.File) {
	updated := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "want-") {
			updated.Files = append(updated.Files, f)
		}
	}
	for _, f := range got {
		if f.Name != wantStatus || len(f.Data) > 0 {
			updated.Files = append(updated.Files, f)
		}
	}
	if err := os.WriteFile(name, txtar.Format(updated), fs.FileMode(0o644)); err != nil {
		t.Fatal(err)
	}
}
