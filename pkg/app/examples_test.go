package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-dev/sluice/pkg/report"
)

// TestExamplesAreSound checks each folder of examples. What they leave to their
// reader are keys and Pods.
func TestExamplesAreSound(t *testing.T) {
	const root = "../../examples"
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	folders := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		folders++
		t.Run(e.Name(), func(t *testing.T) {
			offline, err := OpenOffline(filepath.Join(root, e.Name()), nil, VerbServe.Defaults())
			if err != nil {
				t.Fatal(err)
			}
			defer offline.Close()
			if len(offline.Table.Routes()) == 0 {
				t.Error("there is no route")
			}
			for _, f := range offline.Facts.All() {
				if f.Reason != report.SecretNotFound && f.Reason != report.NoEndpoints && f.Reason != report.Suspended {
					t.Error(f)
				}
			}
		})
	}
	if folders == 0 {
		t.Error("there are no examples")
	}
}
