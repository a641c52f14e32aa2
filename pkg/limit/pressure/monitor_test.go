package pressure

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNext(t *testing.T) {
	for name, tt := range map[string]struct {
		from Level
		used uint64
		want Level
	}{
		"little is used":                                {Calm, 100, Calm},
		"just at the first watermark":                   {Calm, 850, Calm},
		"beyond the first watermark":                    {Calm, 860, ShedIdle},
		"beyond the second at once":                     {Calm, 910, ShedConnections},
		"beyond the last at once":                       {Calm, 2000, ShedRequests},
		"a level is kept just below its watermark":      {ShedIdle, 830, ShedIdle},
		"a level is left well below it":                 {ShedIdle, 790, Calm},
		"requests are kept refused just below":          {ShedRequests, 910, ShedRequests},
		"one step down":                                 {ShedRequests, 890, ShedConnections},
		"two steps down":                                {ShedRequests, 840, ShedIdle},
		"all the way down":                              {ShedRequests, 10, Calm},
		"up from the middle":                            {ShedConnections, 960, ShedRequests},
		"the middle is kept between its two watermarks": {ShedConnections, 870, ShedConnections},
	} {
		t.Run(name, func(t *testing.T) {
			if got := next(tt.from, tt.used, 1000); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// FuzzNext compares with the rule as it is said: the highest level whose watermark is passed, or
// a lower one than before only where the use is below the slack of all above.
func FuzzNext(f *testing.F) {
	f.Add(uint8(0), uint16(860))
	f.Add(uint8(3), uint16(790))
	f.Fuzz(func(t *testing.T, level uint8, used uint16) {
		from := Level(level % 4)
		want := Calm
		for l := ShedIdle; l <= ShedRequests; l++ {
			passed, kept := uint64(used) > 10*watermarks[l], uint64(used) > 10*(watermarks[l]-slack)
			if passed || l <= from && kept {
				want = l
			}
		}
		if got := next(from, uint64(used), 1000); got != want {
			t.Errorf("from %d with %d: got %d, want %d", from, used, got, want)
		}
	})
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		samples := []uint64{10, 900, 960, 910, 810, 100, 100}
		var changes [][2]Level
		shed, i := 0, 0
		m := NewMonitor(Options{Limit: 1000, Used: func() uint64 {
			i++
			return samples[min(i, len(samples))-1]
		}})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.Run(ctx, func(from, to Level) { changes = append(changes, [2]Level{from, to}) }, func() { shed++ })
		}()
		time.Sleep(DefaultInterval*time.Duration(len(samples)) + time.Millisecond)
		cancel()
		<-ended
		want := [][2]Level{{Calm, ShedIdle}, {ShedIdle, ShedRequests}, {ShedRequests, ShedIdle}, {ShedIdle, Calm}}
		if diff := cmp.Diff(want, changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		if shed != 4 || m.Used() != 100 || m.Level() != Calm || m.Limit() != 1000 {
			t.Errorf("shed %d times, used %d, level %d", shed, m.Used(), m.Level())
		}
	})
}

func TestNobodyWatches(t *testing.T) {
	if (*Monitor)(nil).Level() != Calm {
		t.Error("without a monitor there is pressure")
	}
}

func TestUsedIsWhatGoHolds(t *testing.T) {
	debug.FreeOSMemory() // What is free already could be taken without a trace.
	before := Used()
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = 1
	}
	if after := Used(); after < before+32<<20 {
		t.Errorf("%d bytes before, %d with %d more", before, after, len(held))
	}
	runtime.KeepAlive(held)
}

func TestContainerLimit(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing := filepath.Join(dir, "missing")
	for name, tt := range map[string]struct {
		files []string
		want  uint64
	}{
		"no file":             {[]string{missing}, 0},
		"a limit of v2":       {[]string{file("a", "1048576\n"), missing}, 1 << 20},
		"no limit in v2":      {[]string{file("b", "max\n")}, 0},
		"a limit of v1":       {[]string{missing, file("c", "2097152\n")}, 2 << 20},
		"no limit in v1":      {[]string{missing, file("d", "9223372036854771712\n")}, 0},
		"v2 goes before v1":   {[]string{file("e", "max\n"), file("f", "2097152\n")}, 0},
		"something unheardof": {[]string{file("g", "-1\n")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := limitIn(tt.files); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
