package archive

import (
	"archive/tar"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// File is one regular file of an image.
type File struct {
	// Path is where it stands, with or without a leading slash.
	Path string
	// Content is all of it.
	Content []byte
	// Mode holds its permission bits.
	Mode fs.FileMode
}

// layerOf renders files as an uncompressed layer.
func layerOf(files []File) ([]byte, error) {
	var b bytes.Buffer
	if err := writeTar(&b, files); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeTar writes files, sorted by path, each parent directory before its
// first child. Nothing of the host shows: no time, no owner, no name.
func writeTar(w io.Writer, files []File) error {
	sorted := make([]File, len(files))
	for i, f := range files {
		f.Path = path.Clean("/" + f.Path)[1:]
		if f.Path == "" {
			return fmt.Errorf("a file of an image needs a path, not %q", files[i].Path)
		}
		sorted[i] = f
	}
	slices.SortFunc(sorted, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })

	t := tar.NewWriter(w)
	made := map[string]bool{}
	for i, f := range sorted {
		if i > 0 && sorted[i-1].Path == f.Path {
			return fmt.Errorf("two files of the image have the path /%s", f.Path)
		}
		if err := writeParents(t, f.Path, made); err != nil {
			return err
		}
		header := tar.Header{
			Typeflag: tar.TypeReg, Name: f.Path, Mode: int64(f.Mode.Perm()), Size: int64(len(f.Content)),
			ModTime: time.Unix(0, 0),
		}
		if err := t.WriteHeader(&header); err != nil {
			return fmt.Errorf("writing /%s: %w", f.Path, err)
		}
		if _, err := t.Write(f.Content); err != nil {
			return fmt.Errorf("writing /%s: %w", f.Path, err)
		}
		made[f.Path] = true
	}
	return t.Close()
}

// writeParents writes the directories above name that made does not hold yet.
func writeParents(t *tar.Writer, name string, made map[string]bool) error {
	for i := range len(name) {
		if name[i] != '/' || made[name[:i+1]] {
			continue
		}
		if made[strings.TrimSuffix(name[:i+1], "/")] {
			return fmt.Errorf("/%s is a file and the directory of another", name[:i])
		}
		made[name[:i+1]] = true
		header := tar.Header{Typeflag: tar.TypeDir, Name: name[:i+1], Mode: 0o755, ModTime: time.Unix(0, 0)}
		if err := t.WriteHeader(&header); err != nil {
			return fmt.Errorf("writing /%s: %w", name[:i], err)
		}
	}
	return nil
}
