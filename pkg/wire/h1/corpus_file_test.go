package h1

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew")

// longestInFile bounds the requests that the file holds: what is refused for its size says nothing there.
const longestInFile = 4 << 10

// TestCorpusFile keeps the requests of the corpus, and those that are accepted, as a
// file: "refused" or "accepted" and a quoted request a line. Tests with real origins read it (e2e/proof).
func TestCorpusFile(t *testing.T) {
	requests := make(map[string]string)
	for _, c := range corpus(t) {
		if c.method == "" {
			requests[c.raw] = "refused"
		}
	}
	for _, tt := range acceptedRequests {
		requests[tt.raw] = "accepted"
	}
	var text strings.Builder
	for _, raw := range slices.Sorted(maps.Keys(requests)) {
		if len(raw) <= longestInFile {
			fmt.Fprintf(&text, "%s %q\n", requests[raw], raw)
		}
	}
	path := filepath.Join("testdata", "requests.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(was) != text.String() {
		t.Errorf("%s is not the corpus any more: go test ./pkg/wire/h1 -run CorpusFile -update", path)
	}
}
