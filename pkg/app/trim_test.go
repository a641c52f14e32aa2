package app

import "testing"

func TestMemoryIsGivenBackOncePerRest(t *testing.T) {
	var trim trimmer
	for i, step := range []struct {
		collections uint64
		want        bool
	}{
		{4, false}, // It has just begun.
		{9, false}, // It works.
		{9, true},  // It rests.
		{9, true},  // It still does, and was not told that memory was given back.
	} {
		if got := trim.resting(step.collections); got != step.want {
			t.Errorf("step %d: got %v", i, got)
		}
	}
	trim.collections, trim.trimmed = 10, 10 // Giving back is a cycle, too.
	for i, step := range []struct {
		collections uint64
		want        bool
	}{
		{10, false}, // Nothing has happened since.
		{11, false}, // A cycle has run.
		{11, true},
	} {
		if got := trim.resting(step.collections); got != step.want {
			t.Errorf("step %d after giving back: got %v", i, got)
		}
	}
}

func TestCollectionsAreCounted(t *testing.T) {
	if collections() > 1<<40 {
		t.Errorf("%d cycles", collections())
	}
}
