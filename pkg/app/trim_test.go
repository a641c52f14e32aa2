package app

import "testing"

func TestMemoryIsGivenBackOncePerRest(t *testing.T) {
	const mib = 1 << 20
	var trim trimmer
	for i, step := range []struct {
		allocated uint64
		want      bool
	}{
		{40 * mib, false}, // It has just begun.
		{90 * mib, false}, // It works.
		{91 * mib, true},  // It rests, whether or not the collector ran.
		{91 * mib, true},  // It still does, and was not told that memory was given back.
	} {
		if got := trim.resting(step.allocated); got != step.want {
			t.Errorf("step %d: got %v", i, got)
		}
	}
	trim.trimmed = trim.allocated
	for i, step := range []struct {
		allocated uint64
		want      bool
	}{
		{91 * mib, false},  // Nothing has happened since.
		{92 * mib, false},  // Too little is worth no collection.
		{130 * mib, false}, // It works again.
		{130 * mib, true},
	} {
		if got := trim.resting(step.allocated); got != step.want {
			t.Errorf("step %d after giving back: got %v", i, got)
		}
	}
}

var sink []byte

func TestAllocationsAreCounted(t *testing.T) {
	before := allocated()
	sink = make([]byte, 1<<20)
	if more := allocated() - before; more < 1<<20 {
		t.Errorf("%d bytes for a MiB", more)
	}
}
