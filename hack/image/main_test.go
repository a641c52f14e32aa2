package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSameCommandGivesSameDigest runs the program's own path from arguments to
// an archive, twice, from files with other times and other umasks.
func TestSameCommandGivesSameDigest(t *testing.T) {
	var digests, texts []string
	for _, mode := range []os.FileMode{0o755, 0o700} {
		dir := t.TempDir()
		source, out := filepath.Join(dir, "sluice"), filepath.Join(dir, "out.tar")
		if err := os.WriteFile(source, []byte("binary"), mode); err != nil {
			t.Fatal(err)
		}
		path, image, err := parse([]string{"-o", out, "-t", "example.com/sluice:v1", "-entrypoint", "/sluice", "-user", "65532:65532",
			"-env", "A=b", "-architecture", "arm64", source + ":/sluice"})
		if err != nil {
			t.Fatal(err)
		}
		digest, err := write(path, image)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 2 {
			t.Errorf("files = %v, %v, want the source and the archive alone", left, err)
		}
		digests, texts = append(digests, digest), append(texts, string(text))
	}
	if digests[0] != digests[1] || texts[0] != texts[1] {
		t.Errorf("digests %s and %s of the same input differ, or their archives do", digests[0], digests[1])
	}
}

func TestBadCommandLines(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"no output":               {[]string{"-t", "a:b"}, "-o OUT.tar is missing"},
		"a file without a place":  {[]string{"-o", "x", "bin/sluice"}, "not SOURCE:/DESTINATION"},
		"a place without a slash": {[]string{"-o", "x", "main.go:sluice"}, "not SOURCE:/DESTINATION"},
		"a file that is not":      {[]string{"-o", "x", "no/such/file:/sluice"}, "no such file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := parse(test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
		})
	}
}
