package pkg_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoTestWaitsByTheClock lets tests sleep only where time is synctest's, and
// lets none be skipped.
func TestNoTestWaitsByTheClock(t *testing.T) {
	skip := "t.Skip" // Not written as a call, so that this file passes.
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		text := string(content)
		if strings.Contains(text, "time.Sleep(") && !strings.Contains(text, `"testing/synctest"`) {
			t.Errorf("%s sleeps outside of a synctest bubble", path)
		}
		if strings.Contains(text, skip+"(") || strings.Contains(text, skip+"f(") {
			t.Errorf("%s skips tests", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
