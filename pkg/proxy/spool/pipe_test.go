package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
)

// pass writes what is wanted in random pieces, reads it in random pieces, and returns what came.
func pass(t *testing.T, p *Pipe, want []byte, seed uint64) []byte {
	t.Helper()
	go func() {
		random := rand.New(rand.NewPCG(seed, 1))
		for rest := want; len(rest) > 0; {
			n := min(1+random.IntN(3*chunkSize), len(rest))
			if m, err := p.Write(rest[:n]); m != n || err != nil {
				t.Error(m, err)
				return
			}
			rest = rest[n:]
		}
		p.End(io.EOF)
	}()
	random := rand.New(rand.NewPCG(seed, 2))
	var got []byte
	for {
		b := make([]byte, 1+random.IntN(3*chunkSize))
		n, err := p.Read(b)
		got = append(got, b[:n]...)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// random returns n bytes of which no two parts are alike.
func random(n int) []byte {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{1})
	source.Read(b)
	return b
}

func held(t *testing.T, p *Pool, memory, disk int64) {
	t.Helper()
	if m, d := p.Held(); m != memory || d != disk {
		t.Errorf("%d bytes are held in memory and %d on disk, want %d and %d", m, d, memory, disk)
	}
}

// FuzzPipe passes bytes under all kinds of bounds: they come as they were written, and nothing is left of them.
func FuzzPipe(f *testing.F) {
	f.Add(uint64(1), uint32(300_000), uint32(20_000), uint32(50_000), uint32(1<<20), uint32(1<<20))
	f.Add(uint64(2), uint32(300_000), uint32(0), uint32(0), uint32(1<<20), uint32(1<<20))
	f.Add(uint64(3), uint32(3_000), uint32(0), uint32(7), uint32(0), uint32(100))
	f.Add(uint64(4), uint32(300_000), uint32(100_000), uint32(100_000), uint32(20_000), uint32(30_000))
	f.Fuzz(func(t *testing.T, seed uint64, size, memory, disk, allMemory, allDisk uint32) {
		pool := New(Options{Dir: t.TempDir(), MaxMemory: int64(allMemory % (1 << 20)), MaxDisk: int64(allDisk % (1 << 20))})
		p := pool.Pipe(int64(memory%(1<<20)), int64(disk%(1<<20)))
		want := random(int(size % (1 << 20)))
		if got := pass(t, p, want, seed); !bytes.Equal(got, want) {
			t.Errorf("%d bytes came as %d", len(want), len(got))
		}
		if err := p.Release(); err != nil {
			t.Error(err)
		}
		held(t, pool, 0, 0)
	})
}

// TestAPipeKeepsAsMuchAsItMay looks at what a writer gets rid of while nobody reads.
func TestAPipeKeepsAsMuchAsItMay(t *testing.T) {
	for name, tt := range map[string]struct {
		memory, disk, allMemory, allDisk int64
		inMemory, onDisk                 int64
	}{
		"memory, then disk":         {16 << 10, 100_000, 1 << 20, 1 << 20, 16 << 10, 100_000},
		"memory alone":              {16 << 10, 0, 1 << 20, 1 << 20, 16 << 10, 0},
		"disk alone":                {0, 100_000, 1 << 20, 1 << 20, 0, 100_000},
		"memory by whole pieces":    {1, 0, 1 << 20, 1 << 20, 8 << 10, 0},
		"as others leave of memory": {64 << 10, 100_000, 24 << 10, 1 << 20, 16 << 10, 100_000},
		"as others leave of disk":   {8 << 10, 200_000, 1 << 20, 0, 8 << 10, 0},
		"nothing at all":            {0, 0, 1 << 20, 1 << 20, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pool := New(Options{Dir: t.TempDir(), MaxMemory: tt.allMemory, MaxDisk: tt.allDisk})
				p := pool.Pipe(tt.memory, tt.disk)
				want := random(300_000)
				done := make(chan struct{})
				go func() {
					defer close(done)
					for rest := want; len(rest) > 0; rest = rest[1000:] {
						p.Write(rest[:1000])
					}
					p.End(io.EOF)
				}()
				synctest.Wait()
				held(t, pool, tt.inMemory, tt.onDisk)
				if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes came, %v", len(got), err)
				}
				<-done
				p.Release()
				held(t, pool, 0, 0)
			})
		})
	}
}

// TestARingIsUsedAgain reads a little of what fills the disk: as much may be written then.
func TestARingIsUsedAgain(t *testing.T) {
	pool := New(Options{Dir: t.TempDir(), MaxDisk: 1 << 20})
	p := pool.Pipe(0, 1000)
	want := random(3500)
	p.Write(want[:1000])
	got := make([]byte, 3500)
	for i := 0; i < 2500; i += 500 {
		if n, err := io.ReadFull(p, got[i:i+500]); n != 500 || err != nil {
			t.Fatal(n, err)
		}
		p.Write(want[1000+i : 1500+i]) // It would wait for ever without room.
	}
	held(t, pool, 0, 1000)
	p.End(io.EOF)
	if n, err := io.ReadFull(p, got[2500:]); n != 1000 || err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came last, %v", n, err)
	}
	p.Release()
	held(t, pool, 0, 0)
}

// TestADiskThatFailsIsDoneWithout has a place for files that is not there.
func TestADiskThatFailsIsDoneWithout(t *testing.T) {
	pool := New(Options{Dir: "/nowhere/to/be/found", MaxMemory: 1 << 20, MaxDisk: 1 << 20})
	p := pool.Pipe(10_000, 100_000)
	want := random(200_000)
	if got := pass(t, p, want, 5); !bytes.Equal(got, want) {
		t.Errorf("%d bytes came", len(got))
	}
	// The reader may have been as fast as the writer.
	if err := p.Release(); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	held(t, pool, 0, 0)
}

func TestWhoeverLeavesAPipeFreesItsWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := New(Options{Dir: t.TempDir(), MaxMemory: 1 << 20, MaxDisk: 1 << 20})
		for _, memory := range []int64{0, 8 << 10} {
			p := pool.Pipe(memory, 0)
			failed := make(chan error)
			go func() {
				_, err := p.Write(make([]byte, 50_000))
				failed <- err
			}()
			synctest.Wait()
			p.Leave()
			if err := <-failed; !errors.Is(err, ErrLeft) {
				t.Errorf("got %v", err)
			}
			if _, err := p.Read(make([]byte, 1)); !errors.Is(err, ErrLeft) {
				t.Errorf("got %v", err)
			}
			p.Release()
			held(t, pool, 0, 0)
		}
	})
}

// TestTheEndComesBehindAllBytes ends a Pipe by an error while it holds bytes.
func TestTheEndComesBehindAllBytes(t *testing.T) {
	pool := New(Options{Dir: t.TempDir(), MaxMemory: 1 << 20, MaxDisk: 1 << 20})
	p := pool.Pipe(10, 100_000)
	want := random(50_000)
	p.Write(want)
	broken := errors.New("broken")
	p.End(broken)
	if p.Waiting() {
		t.Error("there is something to be read")
	}
	if got, err := io.ReadAll(p); !bytes.Equal(got, want) || !errors.Is(err, broken) {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	p.Release()
}
