package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

func TestWhatIsWrittenIsReadAsOftenAsOneLikes(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	p := New(Options{Dir: dir, Head: 1000, MaxMemory: 1 << 20, MaxDisk: 1 << 20})
	for _, size := range []int{0, 1, 999, 1000, 1001, 50_000} {
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(random.Uint32())
		}
		b := p.Body()
		for rest := want; len(rest) > 0; {
			n := min(1+random.IntN(700), len(rest))
			if m, err := b.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		for range 2 {
			b.Rewind()
			if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes came back as %d, %v", size, len(got), err)
			}
		}
		if memory, disk := p.Held(); b.Len() != int64(size) || memory > 1000 || disk != int64(max(size-1000, 0)) {
			t.Errorf("%d bytes are %d, %d in memory and %d on disk", size, b.Len(), memory, disk)
		}
		if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
			t.Errorf("the file has a name: %v, %v", names, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if memory, disk := p.Held(); memory != 0 || disk != 0 {
			t.Errorf("%d and %d bytes are left", memory, disk)
		}
	}
}

func TestBodiesAreBoundTogether(t *testing.T) {
	p := New(Options{Dir: t.TempDir(), Head: 100, MaxMemory: 150, MaxDisk: 100})
	a, b := p.Body(), p.Body()
	if _, err := a.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	// The head of the second has no room in memory, so it goes to disk.
	if _, err := b.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if memory, disk := p.Held(); memory != 100 || disk != 100 {
		t.Errorf("%d and %d bytes are held", memory, disk)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	a.Close()
	b.Close()
	if memory, disk := p.Held(); memory != 0 || disk != 0 {
		t.Errorf("%d and %d bytes are left", memory, disk)
	}
}

func TestADiskThatFailsIsAnError(t *testing.T) {
	p := New(Options{Dir: "/nowhere/to/be/found", Head: 1, MaxMemory: 10, MaxDisk: 10})
	b := p.Body()
	if _, err := b.Write([]byte("xyz")); err == nil || errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
