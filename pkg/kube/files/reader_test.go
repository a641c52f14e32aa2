package files

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// service returns the manifest of a Service whose only port tells its texts apart.
func service(name string, port int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: %d}]}\n", name, port)
}

// ports returns the ports of all Services as NAME:PORT.
func ports(s *snapshot.Snapshot) []string {
	var all []string
	for service := range s.Services() {
		all = append(all, fmt.Sprintf("%s:%d", service.Name, service.Spec.Ports[0].Port))
	}
	slices.Sort(all)
	return all
}

const (
	brokenText = "kind: [\n"
	wrongType  = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: nonsense}\n"
)

// TestReaderKeepsTheLastGoodText reads two versions of files after one another.
func TestReaderKeepsTheLastGoodText(t *testing.T) {
	type texts map[string]string
	for name, test := range map[string]struct {
		before, after texts
		want          []string
		// kept are the Services whose last good text is said to be served.
		kept []string
	}{
		"an object of which the new text is broken stays, and the others of its file advance": {
			before: texts{"f.yaml": service("a", 1) + "---\n" + service("b", 1)},
			after:  texts{"f.yaml": wrongType + "---\n" + service("b", 2)},
			want:   []string{"a:1", "b:2"},
			kept:   []string{"a"},
		},
		"an object that is gone from a file with a broken part of another known object goes": {
			before: texts{"f.yaml": service("a", 1) + "---\n" + service("b", 1)},
			after:  texts{"f.yaml": wrongType},
			want:   []string{"a:1"},
			kept:   []string{"a"},
		},
		"text that is no manifest keeps all that the file had and that is nowhere else": {
			before: texts{"f.yaml": service("a", 1) + "---\n" + service("b", 1) + "---\n" + service("c", 1), "g.yaml": service("d", 1)},
			after:  texts{"f.yaml": brokenText + "---\n" + service("b", 2), "g.yaml": service("c", 2)},
			want:   []string{"a:1", "b:2", "c:2"},
			kept:   []string{"a"},
		},
		"a file that is broken as a whole keeps all that it had": {
			before: texts{"f.yaml": service("a", 1) + "---\n" + service("b", 1)},
			after:  texts{"f.yaml": "\tkey: value"},
			want:   []string{"a:1", "b:1"},
			kept:   []string{"a", "b"},
		},
		"a file that is empty, as while it is written, keeps all that it had": {
			before: texts{"f.yaml": service("a", 1)},
			after:  texts{"f.yaml": ""},
			want:   []string{"a:1"},
			kept:   []string{"a"},
		},
		"a file that is deleted takes its objects along": {
			before: texts{"f.yaml": service("a", 1), "g.yaml": service("b", 1)},
			after:  texts{"g.yaml": service("b", 1)},
			want:   []string{"b:1"},
		},
		"a broken object that was never good is not there": {
			before: texts{},
			after:  texts{"f.yaml": wrongType, "g.yaml": service("b", 1)},
			want:   []string{"b:1"},
		},
		"an object that moves to another file while the first is broken is the new one": {
			before: texts{"f.yaml": service("a", 1)},
			after:  texts{"f.yaml": brokenText, "g.yaml": service("a", 2)},
			want:   []string{"a:2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := make(fstest.MapFS)
			r := reader{tree: tree{fsys: fsys, root: ".", display: trimRoot}}
			var s *snapshot.Snapshot
			var facts *report.Set
			// The last version is read twice: what is kept once must be kept on.
			for _, version := range []texts{test.before, test.after, test.after} {
				clear(fsys)
				for file, text := range version {
					fsys[file] = &fstest.MapFile{Data: []byte(text)}
				}
				s, facts = readAll(t, &r)
			}
			if diff := cmp.Diff(test.want, ports(s)); diff != "" {
				t.Errorf("Services, wanted (-) and got (+):\n%s", diff)
			}
			if diff := cmp.Diff(test.kept, kept(facts)); diff != "" {
				t.Errorf("kept Services, wanted (-) and got (+):\n%s", diff)
			}
		})
	}
}

func readAll(t *testing.T, r *reader) (*snapshot.Snapshot, *report.Set) {
	t.Helper()
	sources, _, err := r.tree.scan()
	if err != nil {
		t.Fatal(err)
	}
	r.read(sources)
	return r.assemble()
}

func kept(facts *report.Set) []string {
	var names []string
	for _, fact := range facts.All() {
		if fact.Reason == report.KeptLastGood {
			names = append(names, fact.Origin.Name)
		}
	}
	return names
}

func TestReaderNamesFileObjectAndReasonOfWhatItKeeps(t *testing.T) {
	fsys := fstest.MapFS{"f.yaml": {Data: []byte(service("a", 1))}}
	r := reader{tree: tree{fsys: fsys, root: ".", display: trimRoot}}
	readAll(t, &r)
	fsys["f.yaml"] = &fstest.MapFile{Data: []byte("# comment\n" + wrongType)}
	_, facts := readAll(t, &r)
	var got []string
	for _, fact := range facts.All() {
		got = append(got, fact.String())
	}
	want := []string{
		"warning: Service/default/a: its text in f.yaml, line 1, is broken, so the last good one is served: spec.ports: string cannot stand where a list is expected (KeptLastGood)",
		"error: Service/default/a: spec.ports: string cannot stand where a list is expected, so the object is not read (Invalid)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
}

// unreadableFS refuses to read one file.
type unreadableFS struct {
	fstest.MapFS
	name string
}

func (f unreadableFS) ReadFile(name string) ([]byte, error) {
	if name == f.name {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("disk on fire")}
	}
	return f.MapFS.ReadFile(name)
}

func TestReaderKeepsTheObjectsOfAFileThatCannotBeRead(t *testing.T) {
	fsys := unreadableFS{MapFS: fstest.MapFS{"f.yaml": {Data: []byte(service("a", 1))}, "g.yaml": {Data: []byte(service("b", 1))}}}
	r := reader{tree: tree{fsys: &fsys, root: ".", display: trimRoot}}
	readAll(t, &r)
	fsys.name = "f.yaml"
	fsys.MapFS["g.yaml"] = &fstest.MapFile{Data: []byte(service("b", 2))}
	s, facts := readAll(t, &r)
	if diff := cmp.Diff([]string{"a:1", "b:2"}, ports(s)); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
	if first := facts.All()[0].String(); !strings.Contains(first, "disk on fire") {
		t.Errorf("the first fact does not give the reason: %s", first)
	}
}

func TestReaderSeesNoChangeWhereThereIsNone(t *testing.T) {
	fsys := fstest.MapFS{"f.yaml": {Data: []byte(service("a", 1))}}
	r := reader{tree: tree{fsys: fsys, root: ".", display: trimRoot}}
	sources, _, err := r.tree.scan()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, false} {
		if got := r.read(sources); got != want {
			t.Errorf("read %d: changed = %t", i, got)
		}
	}
}

// TestSnapshotsAreNotChangedByLaterOnes adds a file before another one, which makes
// the objects of the latter younger.
func TestSnapshotsAreNotChangedByLaterOnes(t *testing.T) {
	ingress := func(name string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name + "}\n"
	}
	fsys := fstest.MapFS{"g.yaml": {Data: []byte(ingress("a"))}}
	r := reader{tree: tree{fsys: fsys, root: ".", display: trimRoot}}
	first, _ := readAll(t, &r)
	before := first.Ingresses()[0].CreationTimestamp
	fsys["f.yaml"] = &fstest.MapFile{Data: []byte(ingress("z"))}
	second, _ := readAll(t, &r)
	if now := first.Ingresses()[0].CreationTimestamp; now != before {
		t.Errorf("the object of the first snapshot was created at %v and now at %v", before, now)
	}
	names := maps.Collect(func(yield func(int, string) bool) {
		for i, o := range second.Ingresses() {
			yield(i, o.Name)
		}
	})
	if diff := cmp.Diff(map[int]string{0: "z", 1: "a"}, names); diff != "" {
		t.Errorf("wanted (-) and got (+):\n%s", diff)
	}
}
