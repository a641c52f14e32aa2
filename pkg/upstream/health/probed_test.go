package health

import "testing"

// FuzzProbed compares the verdict with one that looks at all probes so far, each time anew.
func FuzzProbed(f *testing.F) {
	f.Add(uint8(2), uint8(1), []byte{0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, unhealthy, healthy uint8, probes []byte) {
		thresholds := Thresholds{Unhealthy: int(unhealthy%4) + 1, Healthy: int(healthy%4) + 1}
		var p Probed
		for i, b := range probes {
			was := p.Down()
			changed := p.Observe(b&1 == 1, thresholds)
			if want := downAfter(probes[:i+1], thresholds); p.Down() != want {
				t.Fatalf("after %v it is down: %v, want %v", probes[:i+1], p.Down(), want)
			}
			if changed != (was != p.Down()) {
				t.Fatalf("after %v it says that the verdict changed: %v", probes[:i+1], changed)
			}
		}
	})
}

// downAfter goes through the probes, and at each counts back how many were like it.
func downAfter(probes []byte, t Thresholds) (down bool) {
	for i := range probes {
		good := probes[i]&1 == 1
		alike := 0
		for j := i; j >= 0 && probes[j]&1 == probes[i]&1; j-- {
			alike++
		}
		if !good && alike >= t.Unhealthy {
			down = true
		}
		if good && alike >= t.Healthy {
			down = false
		}
	}
	return down
}

func TestWhatIsNotProbedIsHealthy(t *testing.T) {
	var p Probed
	if p.Down() {
		t.Error("it is down before any probe")
	}
	if p.Observe(false, Thresholds{Unhealthy: 2, Healthy: 1}) || p.Down() {
		t.Error("one failed probe of two changed the verdict")
	}
}
