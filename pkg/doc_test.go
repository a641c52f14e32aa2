package pkg_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines is where a file has stopped being about one thing.
const maxLines = 600

// TestEachPackageSaysWhatItIs asks for a package comment and bounds file length.
func TestEachPackageSaysWhatItIs(t *testing.T) {
	documented := make(map[string]bool)
	walkSources(t, func(path string, text []byte) {
		dir := filepath.Dir(path)
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		documented[dir] = documented[dir] || file.Doc != nil
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !strings.HasPrefix(filepath.Base(path), "zz_generated") {
			t.Errorf("%s has %d lines; split it by noun, %d is the most", path, lines, maxLines)
		}
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

// walkSources calls visit with each Go file of the module that is no test.
func walkSources(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	for _, root := range []string{".", "../cmd", "../hack"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err == nil {
				visit(path, text)
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
