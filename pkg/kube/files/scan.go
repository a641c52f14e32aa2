package files

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// source is a file with manifests.
type source struct {
	// name is its path in the file system.
	name     string
	size     int64
	modified time.Time
	// err says why it cannot be looked at.
	err error
}

// tree is where manifests are.
type tree struct {
	fsys fs.FS
	// root is the path in fsys: a folder, or a single file.
	root string
	// display returns the path of a file as users know it.
	display func(name string) string
	// lax skips the rules of CRDs.
	lax bool
}

// scan returns all files with manifests, in the order of their paths, and all folders.
// Those whose names begin with a dot are passed over, and so is what a mounted
// ConfigMap keeps its versions in; links are followed.
func (t tree) scan() (sources []source, folders []string, err error) {
	info, err := fs.Stat(t.fsys, t.root)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return []source{{name: t.root, size: info.Size(), modified: info.ModTime()}}, []string{path.Dir(t.root)}, nil
	}
	s := scanner{fsys: t.fsys}
	if err := s.folder(t.root, []fs.FileInfo{info}); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(s.sources, func(a, b source) int { return strings.Compare(a.name, b.name) })
	return s.sources, s.folders, nil
}

type scanner struct {
	fsys    fs.FS
	sources []source
	folders []string
}

// folder adds what is below a folder. outer are the folders that it is in, to
// notice links that lead back.
func (s *scanner) folder(name string, outer []fs.FileInfo) error {
	entries, err := fs.ReadDir(s.fsys, name)
	if err != nil {
		return err
	}
	s.folders = append(s.folders, name)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		inner := path.Join(name, e.Name())
		info, err := fs.Stat(s.fsys, inner)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// It was deleted just now, or is a link to nowhere, as editors leave them.
		case err != nil:
			s.add(source{name: inner, err: err})
		case !info.IsDir():
			s.add(source{name: inner, size: info.Size(), modified: info.ModTime()})
		case !slices.ContainsFunc(outer, func(o fs.FileInfo) bool { return os.SameFile(o, info) }):
			if err := s.folder(inner, append(slices.Clip(outer), info)); err != nil {
				s.sources = append(s.sources, source{name: inner, err: err})
			}
		}
	}
	return nil
}

// add adds a file with manifests, by its name.
func (s *scanner) add(f source) {
	switch path.Ext(f.name) {
	case ".yaml", ".yml", ".json":
		s.sources = append(s.sources, f)
	}
}
