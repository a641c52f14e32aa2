package app

import (
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want MemoryLimit
		err  bool
	}{
		"that of the container": {"auto", MemoryAuto, false},
		"none":                  {"off", MemoryOff, false},
		"mebibytes":             {"512Mi", 512 << 20, false},
		"bytes":                 {"1073741824", 1 << 30, false},
		"less than it takes":    {"1Mi", 0, true},
		"negative":              {"-1Gi", 0, true},
		"too much":              {"99999Ei", 0, true},
		"no size":               {"much", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			var got MemoryLimit
			err := (*memoryValue)(&got).Set(tt.text)
			if (err != nil) != tt.err || got != tt.want {
				t.Errorf("got %d, %v", got, err)
			}
			o := Options{Bounds: Bounds{Memory: got}}
			if m := o.newPressure(); got > 0 && (m == nil || m.Limit() != uint64(got)) || got == MemoryOff && m != nil {
				t.Errorf("the watch is %v", m)
			}
		})
	}
	if text := (*memoryValue)(new(MemoryLimit)).String(); text != "off" {
		t.Errorf("no limit is called %q", text)
	}
}
