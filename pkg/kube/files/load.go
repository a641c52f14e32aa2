package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Load reads all manifests below a folder, or a single file: files that end in
// .yaml, .yml or .json and do not begin with a dot. The error is for a path
// that cannot be read at all; everything else is a fact.
func Load(path string) (*snapshot.Snapshot, *report.Set, error) {
	t, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	return load(t)
}

// LoadFS reads all manifests of a file system.
func LoadFS(fsys fs.FS) (*snapshot.Snapshot, *report.Set, error) {
	return load(tree{fsys: fsys, root: ".", display: trimRoot})
}

// LoadLaxFS is LoadFS without the rules of CRDs, which objects need not
// have come by: an API server may have CRDs of another release.
func LoadLaxFS(fsys fs.FS) (*snapshot.Snapshot, *report.Set, error) {
	return load(tree{fsys: fsys, root: ".", display: trimRoot, lax: true})
}

// Read reads manifests from one stream; name stands for it in facts.
func Read(name string, in io.Reader) (*snapshot.Snapshot, *report.Set, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", name, err)
	}
	r := reader{files: map[string]*file{name: parse(name, text, false)}}
	s, facts := r.assemble()
	return s, facts, nil
}

func load(t tree) (*snapshot.Snapshot, *report.Set, error) {
	sources, _, err := t.scan()
	if err != nil {
		return nil, nil, err
	}
	r := reader{tree: t}
	r.read(sources)
	s, facts := r.assemble()
	return s, facts, nil
}

// open returns the tree of a path. A single file is the whole tree.
func open(path string) (tree, error) {
	info, err := os.Stat(path)
	if err != nil {
		return tree{}, err
	}
	folder, root := path, "."
	if !info.IsDir() {
		folder, root = filepath.Dir(path), filepath.Base(path)
	}
	display := func(name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }
	return tree{fsys: os.DirFS(folder), root: root, display: display}, nil
}
