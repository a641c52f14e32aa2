package files

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// file is what a file says.
type file struct {
	name    string
	sum     [sha256.Size]byte
	entries []entry
}

// broken reports whether a part of the file could not be read.
func (f *file) broken() bool {
	return slices.ContainsFunc(f.entries, func(e entry) bool { return e.broken != "" })
}

// parse reads a file, lax without the rules of CRDs.
func parse(name string, text []byte, lax bool) *file {
	f := &file{name: name, sum: sha256.Sum256(text)}
	for _, d := range split(text) {
		f.entries = append(f.entries, decode(name, d, lax)...)
	}
	return f
}

// unreadable stands for a file that cannot be read.
func unreadable(name string, err error) *file {
	return &file{name: name, entries: []entry{unparsable(name, 1, "the file cannot be read: "+err.Error())}}
}

// reader reads a tree again and again, and remembers what it served.
type reader struct {
	tree  tree
	files map[string]*file
	// served are the objects of the last assembly by file, in order.
	served map[string][]object
}

// read looks at all files and reports whether any of them says something else
// than before.
func (r *reader) read(sources []source) (changed bool) {
	files := make(map[string]*file, len(sources))
	for _, s := range sources {
		f := r.load(s)
		files[s.name] = f
		changed = changed || r.files[s.name] != f
	}
	changed = changed || r.files == nil || len(files) != len(r.files)
	r.files = files
	return changed
}

// load returns the file, the one of before where its text is the same.
func (r *reader) load(s source) *file {
	name := r.tree.display(s.name)
	text, err := []byte(nil), s.err
	if err == nil {
		text, err = fs.ReadFile(r.tree.fsys, s.name)
	}
	before := r.files[s.name]
	if err != nil {
		f := unreadable(name, err)
		if before != nil && len(before.entries) == 1 && before.entries[0].broken == f.entries[0].broken {
			return before
		}
		return f
	}
	if before != nil && before.sum == sha256.Sum256(text) {
		return before
	}
	f := parse(name, text, r.tree.lax)
	if len(bytes.TrimSpace(text)) == 0 && len(r.served[s.name]) > 0 {
		// Many programs empty a file before they write it anew.
		f.entries = []entry{unparsable(name, 1, "the file is empty; delete it to take its objects away")}
	}
	return f
}

// assemble makes a snapshot of all files, with the last good text of objects
// whose text is broken now.
func (r *reader) assemble() (*snapshot.Snapshot, *report.Set) {
	a := assembly{facts: &report.Set{}, defined: make(map[report.Origin]place), served: make(map[string][]object)}
	names := make([]string, 0, len(r.files))
	for name := range r.files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		a.define(r.files[name])
	}
	for _, name := range names {
		f := r.files[name]
		var kept []object
		if f.broken() {
			kept = r.served[name]
		}
		a.add(name, f, kept)
	}
	r.served = a.served
	return a.builder.Snapshot(), a.facts
}

// place is where an object is defined.
type place struct {
	file *file
	line int
	// at is the index of the entry.
	at int
}

func (p place) String() string { return fmt.Sprintf("%s, line %d", p.file.name, p.line) }

// assembly is one snapshot in the making.
type assembly struct {
	builder snapshot.Builder
	facts   *report.Set
	// defined is where each object has a good text; of several the first counts.
	defined map[report.Origin]place
	served  map[string][]object
	count   int64
}

// define notes which objects a file has a good text of.
func (a *assembly) define(f *file) {
	for i := range f.entries {
		e := &f.entries[i]
		if e.object == nil {
			continue
		}
		here := place{f, e.line, i}
		if first, twice := a.defined[e.origin]; twice {
			a.facts.Errorf(e.origin, "", report.Conflict, "the object is defined twice; that of %s counts, and that of %s does not", first, here)
			continue
		}
		a.defined[e.origin] = here
	}
}

// add adds the objects of a file. kept are those that it had before a part of it
// was broken: one that no good text defines now stays as it was.
func (a *assembly) add(name string, f *file, kept []object) {
	for i := range f.entries {
		e := &f.entries[i]
		a.facts.Add(e.facts...)
		if e.object != nil && a.defined[e.origin] == (place{f, e.line, i}) {
			a.serve(name, e.object)
		}
		if e.broken != "" && e.origin != (report.Origin{}) {
			a.keep(name, f, e, kept, e.origin)
		}
	}
	for i := range f.entries {
		if e := &f.entries[i]; e.broken != "" && e.origin == (report.Origin{}) {
			// The text does not say which object it is, so it may be any that is gone.
			for _, o := range kept {
				a.keep(name, f, e, kept, originOf(o))
			}
			return
		}
	}
}

// keep serves the last good text of an object because of a broken entry, unless
// it has a good text.
func (a *assembly) keep(name string, f *file, e *entry, kept []object, origin report.Origin) {
	if _, good := a.defined[origin]; good {
		return
	}
	i := slices.IndexFunc(kept, func(o object) bool { return originOf(o) == origin })
	if i < 0 {
		return
	}
	a.defined[origin] = place{f, e.line, -1}
	a.serve(name, kept[i])
	a.facts.Warnf(origin, "", report.KeptLastGood, "its text in %s, line %d, is broken, so the last good one is served: %s", f.name, e.line, e.broken)
}

// serve adds an object. One without a time of creation gets one that goes by the
// order of the files.
func (a *assembly) serve(name string, o object) {
	a.served[name] = append(a.served[name], o)
	a.count++
	if created := o.GetCreationTimestamp(); created.IsZero() {
		if copied, ok := runtime.Object(o).DeepCopyObject().(object); ok {
			o = copied
			o.SetCreationTimestamp(metav1.NewTime(time.Unix(0, a.count).UTC()))
		}
	}
	a.builder.Add(o)
}

// originOf returns the origin of an object that was read.
func originOf(o object) report.Origin {
	kind := o.GetObjectKind().GroupVersionKind().Kind
	return report.Origin{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()}
}

// trimRoot is the display of a tree whose names users know as they are.
func trimRoot(name string) string { return strings.TrimPrefix(name, "./") }
