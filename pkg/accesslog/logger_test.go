package accesslog

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is a writer that keeps what it got; it can be made to wait or to fail.
type recorder struct {
	mu   sync.Mutex
	got  bytes.Buffer
	hold chan struct{}
	err  error
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	return r.got.Write(p)
}

func (r *recorder) lines() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Count(r.got.Bytes(), []byte("\n"))
}

func TestLinesAreWrittenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(recorder)
		l := New(w, Options{})
		defer l.Close()
		l.Log(full())
		synctest.Wait()
		if n := w.lines(); n != 0 {
			t.Errorf("%d lines at once, want them in a batch", n)
		}
		<-time.After(200 * time.Millisecond)
		synctest.Wait()
		if n := w.lines(); n != 1 {
			t.Errorf("%d lines after 200 ms, want 1", n)
		}
	})
}

func TestFullBufferIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(recorder)
		l := New(w, Options{})
		defer l.Close()
		size := len(lineOf(JSON, full()))
		for range writeAt/size + 1 {
			l.Log(full())
		}
		synctest.Wait()
		if w.lines() == 0 {
			t.Error("nothing written before the timer")
		}
	})
}

func TestCloseWritesWhatWaits(t *testing.T) {
	w := new(recorder)
	l := New(w, Options{FlushEvery: time.Hour})
	var logging sync.WaitGroup
	for range 8 {
		logging.Go(func() {
			for range 1000 {
				l.Log(full())
			}
		})
	}
	logging.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := w.lines(); n != 8000 {
		t.Errorf("%d lines, want 8000", n)
	}
	want := lineOf(JSON, full())
	for line := range strings.Lines(w.got.String()) {
		if line != want {
			t.Fatalf("lines are mixed up: %q", line)
		}
	}
	l.Log(full())
	if l.Dropped() != 1 {
		t.Errorf("%d dropped, want the one that came too late", l.Dropped())
	}
}

func TestSlowWriterCostsLinesNotTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		size := len(lineOf(JSON, full()))
		w := &recorder{hold: make(chan struct{})}
		l := New(w, Options{MaxBuffered: 10 * size})
		l.Log(full())
		<-time.After(200 * time.Millisecond)
		synctest.Wait()
		for range 15 {
			l.Log(full())
		}
		if n := l.Dropped(); n != 5 {
			t.Errorf("%d dropped, want 5", n)
		}
		close(w.hold)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.got.String(), `"dropped":5,`) {
			t.Errorf("the log does not say that lines are missing:\n%s", w.got.String())
		}
		if n := w.lines(); n != 1+10+1 {
			t.Errorf("%d lines, want 11 and the one that tells", n)
		}
	})
}

func TestFailingWriterIsCountedAndReported(t *testing.T) {
	broken := errors.New("no space left")
	w := &recorder{err: broken}
	l := New(w, Options{Format: Text})
	l.Log(full())
	l.Log(full())
	if err := l.Close(); !errors.Is(err, broken) {
		t.Errorf("Close returned %v", err)
	}
	if n := l.Dropped(); n != 2 {
		t.Errorf("%d dropped, want 2", n)
	}
}

func TestLogDoesNotAllocate(t *testing.T) {
	for name, format := range map[string]Format{"JSON": JSON, "text": Text} {
		t.Run(name, func(t *testing.T) {
			l := New(io.Discard, Options{Format: format, FlushEvery: time.Hour, MaxBuffered: 1 << 20})
			defer l.Close()
			e := full()
			for range 2 * (1 << 20) / len(lineOf(format, e)) {
				l.Log(e)
			}
			if allocs := testing.AllocsPerRun(1000, func() { l.Log(e) }); allocs > maxAllocs {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}

func BenchmarkLog(b *testing.B) {
	for name, format := range map[string]Format{"JSON": JSON, "text": Text} {
		b.Run(name, func(b *testing.B) {
			l := New(io.Discard, Options{Format: format})
			defer l.Close()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				e := full()
				for pb.Next() {
					l.Log(e)
				}
			})
			b.ReportMetric(float64(l.Dropped()), "dropped")
		})
	}
}
