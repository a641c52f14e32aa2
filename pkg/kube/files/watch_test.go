package files

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// found is what a Watcher called back with.
type found struct {
	ports []string
	kept  []string
}

// follow runs a Watcher until the end of the test.
func follow(t *testing.T, w *Watcher) <-chan found {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	all := make(chan found, 100)
	done := make(chan error)
	go func() {
		done <- w.Run(ctx, func(s *snapshot.Snapshot, facts *report.Set) {
			all <- found{ports(s), kept(facts)}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return all
}

// await takes what was found until it is what is wanted. The test's own deadline bounds it.
func await(t *testing.T, all <-chan found, want ...string) found {
	t.Helper()
	for {
		select {
		case f := <-all:
			if slices.Equal(f.ports, want) {
				return f
			}
		case <-t.Context().Done():
			t.Fatalf("never found %v", want)
		}
	}
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path...), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatcherFollowsFilesAndFolders(t *testing.T) {
	for name, poll := range map[string]time.Duration{
		"told by the system": time.Hour,
		"by polling":         5 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, service("a", 1), dir, "a.yaml")
			all := follow(t, &Watcher{Path: dir, Debounce: time.Millisecond, Poll: poll})
			await(t, all, "a:1")
			write(t, service("b", 1), dir, "b.yaml")
			await(t, all, "a:1", "b:1")
			write(t, service("a", 22), dir, "a.yaml")
			await(t, all, "a:22", "b:1")
			must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
			write(t, service("c", 1), dir, "c.yaml")
			await(t, all, "a:22", "b:1", "c:1")
			write(t, service("d", 1), dir, "sub", "d.yaml")
			await(t, all, "a:22", "b:1", "c:1", "d:1")
			must(t, os.Remove(filepath.Join(dir, "b.yaml")))
			await(t, all, "a:22", "c:1", "d:1")
			must(t, os.RemoveAll(filepath.Join(dir, "sub")))
			await(t, all, "a:22", "c:1")
		})
	}
}

func TestWatcherKeepsTheLastGoodText(t *testing.T) {
	dir := t.TempDir()
	write(t, service("a", 1), dir, "a.yaml")
	all := follow(t, &Watcher{Path: dir, Debounce: time.Millisecond})
	await(t, all, "a:1")
	write(t, brokenText, dir, "a.yaml")
	for f := await(t, all, "a:1"); len(f.kept) == 0; f = await(t, all, "a:1") {
	}
	write(t, service("a", 2), dir, "a.yaml")
	if f := await(t, all, "a:2"); len(f.kept) > 0 {
		t.Errorf("%v is said to be kept although its text is good", f.kept)
	}
}

// TestWatcherFollowsAMountedConfigMap does what the kubelet does: the files are links by
// way of ..data, which is swapped for a new one.
func TestWatcherFollowsAMountedConfigMap(t *testing.T) {
	dir := t.TempDir()
	version := func(name, text string) {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		write(t, text, dir, name, "a.yaml")
		must(t, os.Symlink(name, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	version("..v1", service("a", 1))
	must(t, os.Symlink("..data/a.yaml", filepath.Join(dir, "a.yaml")))
	all := follow(t, &Watcher{Path: dir, Debounce: time.Millisecond, Poll: time.Hour})
	await(t, all, "a:1")
	version("..v2", service("a", 2))
	await(t, all, "a:2")
}

func TestWatcherKeepsEverythingWhenTheFolderVanishes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "manifests")
	must(t, os.Mkdir(dir, 0o700))
	write(t, service("a", 1), dir, "a.yaml")
	all := follow(t, &Watcher{Path: dir, Debounce: time.Millisecond, Poll: 5 * time.Millisecond})
	await(t, all, "a:1")
	must(t, os.Rename(dir, dir+"-away"))
	for f := await(t, all, "a:1"); len(f.kept) != 1; f = await(t, all, "a:1") {
	}
	must(t, os.Rename(dir+"-away", dir))
	for f := await(t, all, "a:1"); len(f.kept) > 0; f = await(t, all, "a:1") {
	}
}

func TestWatcherFailsWithoutAFolder(t *testing.T) {
	w := &Watcher{Path: filepath.Join(t.TempDir(), "nowhere")}
	if err := w.Run(t.Context(), func(*snapshot.Snapshot, *report.Set) { t.Error("something was found") }); err == nil {
		t.Error("there was no error")
	}
}

func TestLoadPassesOverHiddenFilesAndLinksThatLeadBack(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"a.yaml", ".b.yaml", "c.yaml~", "d.txt", "sub/e.yml", "sub/f.json", ".git/g.yaml"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700))
		name := filepath.Base(path)[:1]
		if name == "." {
			name = "hidden"
		}
		text := service(name, 1)
		if filepath.Ext(path) == ".json" {
			text = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "f"}, "spec": {"ports": [{"port": 1}]}}`
		}
		write(t, text, dir, path)
	}
	must(t, os.Symlink("..", filepath.Join(dir, "sub", "back")))
	must(t, os.Symlink("nowhere.yaml", filepath.Join(dir, "dangling.yaml")))
	other := t.TempDir()
	write(t, service("linked", 1), other, "linked.yaml")
	must(t, os.Symlink(other, filepath.Join(dir, "other")))
	s, facts, err := Load(dir)
	must(t, err)
	if got, want := ports(s), []string{"a:1", "e:1", "f:1", "linked:1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, fact := range facts.All() {
		t.Error(fact)
	}
}

func TestLoadTakesASingleFile(t *testing.T) {
	dir := t.TempDir()
	write(t, service("a", 1), dir, "a.yaml")
	write(t, service("b", 1), dir, "b.yaml")
	s, _, err := Load(filepath.Join(dir, "a.yaml"))
	must(t, err)
	if got := ports(s); !slices.Equal(got, []string{"a:1"}) {
		t.Errorf("got %v", got)
	}
}
