package files

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Default times of a Watcher.
const (
	DefaultDebounce = 80 * time.Millisecond
	DefaultPoll     = time.Second
)

// maxDebounces bounds how long changes that do not stop put off reading, in
// multiples of Debounce.
const maxDebounces = 4

// Watcher follows the manifests of a folder.
type Watcher struct {
	// Path is the folder, or a single file.
	Path string
	// Debounce is how long files must be quiet before they are read, so that no
	// half of an edit is; 0 means DefaultDebounce.
	Debounce time.Duration
	// Poll is how often sizes and times of files are looked at, for changes that the
	// system does not tell of, as on some network file systems and behind links; 0
	// means DefaultPoll.
	Poll time.Duration
}

// Run reads the manifests and calls found, then again after each change of what
// they say, until ctx is done. An object whose text is broken keeps its last good
// text, and the facts say so. The error is for a path that cannot be read at the
// start; one that vanishes later leaves everything as it was.
func (w *Watcher) Run(ctx context.Context, found func(*snapshot.Snapshot, *report.Set)) error {
	t, err := open(w.Path)
	if err != nil {
		return err
	}
	f := &follower{reader: reader{tree: t}, found: found, watched: make(map[string]bool)}
	// Without it, polling has to do.
	if f.notify, err = fsnotify.NewWatcher(); err == nil {
		defer f.notify.Close()
	}
	if err := f.look(true); err != nil {
		return err
	}
	f.follow(ctx, cmp.Or(w.Debounce, DefaultDebounce), cmp.Or(w.Poll, DefaultPoll))
	return nil
}

// follower is a running Watcher.
type follower struct {
	reader reader
	found  func(*snapshot.Snapshot, *report.Set)
	// notify is nil where the system does not tell of changes.
	notify  *fsnotify.Watcher
	watched map[string]bool
	// sources are those of the last look.
	sources []source
	// lost says why the tree cannot be read, or is empty.
	lost string
}

// follow looks at the files after each sign of a change until ctx is done.
func (f *follower) follow(ctx context.Context, debounce, poll time.Duration) {
	var events chan fsnotify.Event
	var problems chan error
	if f.notify != nil {
		events, problems = f.notify.Events, f.notify.Errors
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var quiet, late <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			quiet = time.After(debounce)
			if late == nil {
				late = time.After(maxDebounces * debounce)
			}
			continue
		case err := <-problems:
			// Mostly that there were too many events; the files themselves know what they were about.
			if err != nil && quiet == nil {
				quiet = time.After(debounce)
			}
			continue
		case <-quiet:
			f.retry(true)
		case <-late:
			f.retry(true)
		case <-ticker.C:
			if quiet != nil {
				continue
			}
			f.retry(false)
		}
		quiet, late = nil, nil
	}
}

// retry looks at the files and says so, once, where that is not possible.
func (f *follower) retry(thorough bool) {
	err := f.look(thorough)
	if err == nil {
		return
	}
	if message := err.Error(); message != f.lost {
		f.lost = message
		s, facts := f.reader.assemble()
		facts.Errorf(report.Origin{Kind: "File", Name: f.reader.tree.display(f.reader.tree.root)}, "", report.KeptLastGood,
			"it cannot be read, so everything stays as it was: %s", message)
		f.found(s, facts)
	}
}

// look reads the files, unless a look that is not thorough finds their sizes and times the
// same, and calls found where they say something new.
func (f *follower) look(thorough bool) error {
	sources, folders, err := f.reader.tree.scan()
	if err != nil {
		return err
	}
	f.watch(folders)
	back := f.lost != ""
	f.lost = ""
	if !thorough && !back && slices.EqualFunc(sources, f.sources, sameSource) {
		return nil
	}
	f.sources = sources
	if f.reader.read(sources) || back {
		f.found(f.reader.assemble())
	}
	return nil
}

func sameSource(a, b source) bool {
	return a.name == b.name && a.size == b.size && a.modified.Equal(b.modified) && errors.Is(a.err, errorOf(b.err))
}

// errorOf returns the cause of an error, which is the same value each time.
func errorOf(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// watch asks for events of all folders. Those that are gone are forgotten by the system.
func (f *follower) watch(folders []string) {
	if f.notify == nil {
		return
	}
	now := make(map[string]bool, len(folders))
	for _, folder := range folders {
		path := f.reader.tree.display(folder)
		// A folder that was made anew is another one under the same name, so all are asked
		// for each time; asking twice does no harm.
		if err := f.notify.Add(path); err == nil || !errors.Is(err, os.ErrNotExist) {
			now[path] = true
		}
	}
	for path := range f.watched {
		if !now[path] {
			_ = f.notify.Remove(path) // It fails where the folder is gone.
		}
	}
	f.watched = now
}
