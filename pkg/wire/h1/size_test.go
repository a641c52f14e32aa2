package h1

import (
	"testing"
	"unsafe"
)

// An idle connection is a Conn and nothing else of this package.
func TestAConnIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 1024 {
		t.Errorf("a Conn takes %d bytes", size)
	}
}
