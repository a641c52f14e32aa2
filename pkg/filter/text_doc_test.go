package filter

import (
	"os"
	"strings"
	"testing"
)

// TestEachVariableIsDocumented keeps the table of variables complete.
func TestEachVariableIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/proxyroute-filters.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"claim.", "header.", "cookie.", "query."}
	for name := range variables {
		names = append(names, name+"}")
	}
	for _, name := range names {
		if !strings.Contains(string(page), "`{"+name) {
			t.Errorf("docs/proxyroute-filters.md says nothing of {%s", name)
		}
	}
}
