// Package snapshottest makes snapshots for tests from txtar archives.
//
// In: an archive whose files in YAML or JSON are manifests. Out: the snapshot of
// them, and what their loading found. Its functions end the test that calls them
// where the archive cannot be read.
package snapshottest

import (
	"io/fs"
	"path"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sluice-dev/sluice/pkg/kube/files"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Load returns the snapshot of the manifests in an archive. Files that are neither YAML nor
// JSON are left out. Objects without creationTimestamp are as old as their order
// says (package files).
func Load(t testing.TB, archive *txtar.Archive) (*snapshot.Snapshot, *report.Set) {
	t.Helper()
	return load(t, archive, files.LoadFS)
}

// LoadLax is Load for objects that break the rules of their CRDs, and without the defaults of those.
func LoadLax(t testing.TB, archive *txtar.Archive) (*snapshot.Snapshot, *report.Set) {
	t.Helper()
	return load(t, archive, files.LoadLaxFS)
}

func load(t testing.TB, archive *txtar.Archive, from func(fs.FS) (*snapshot.Snapshot, *report.Set, error)) (*snapshot.Snapshot, *report.Set) {
	t.Helper()
	fsys := make(fstest.MapFS)
	for _, f := range archive.Files {
		switch path.Ext(f.Name) {
		case ".yaml", ".json":
			if _, twice := fsys[f.Name]; twice {
				t.Fatalf("the archive has two files %s", f.Name)
			}
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	s, facts, err := from(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return s, facts
}

// Parse returns the snapshot of the manifests in an archive's text, which must be without
// a complaint.
func Parse(t testing.TB, text string) *snapshot.Snapshot {
	t.Helper()
	s, facts := Load(t, txtar.Parse([]byte(text)))
	for _, fact := range facts.All() {
		if fact.Severity != report.Info {
			t.Fatal(fact)
		}
	}
	return s
}
