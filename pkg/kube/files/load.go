package files

import (
	"context"
	"io"
	"io/fs"
	"time"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Load reads all manifests below a folder, or a single file. The error is for
// a path that cannot be read at all; everything else is a fact.
func Load(path string) (*snapshot.Snapshot, *report.Set, error) {
	return &snapshot.Snapshot{}, &report.Set{}, nil
}

// LoadFS reads all manifests of a file system.
func LoadFS(fsys fs.FS) (*snapshot.Snapshot, *report.Set, error) {
	return &snapshot.Snapshot{}, &report.Set{}, nil
}

// Read reads manifests from one stream; name stands for it in facts.
func Read(name string, r io.Reader) (*snapshot.Snapshot, *report.Set, error) {
	return &snapshot.Snapshot{}, &report.Set{}, nil
}

// Watcher follows the manifests of a folder.
type Watcher struct {
	// Path is the folder, or a single file.
	Path string
	// Debounce is how long files must be quiet before they are read; 0 means 100 ms.
	Debounce time.Duration
	// Poll is how often the files are looked at where the system does not tell of
	// changes, as on some network file systems; 0 means a second.
	Poll time.Duration
}

// Run reads the manifests and calls found, then again after each change of what
// they say, until ctx is done. The error is for a path that cannot be read at
// the start.
func (w *Watcher) Run(ctx context.Context, found func(*snapshot.Snapshot, *report.Set)) error {
	return nil
}
