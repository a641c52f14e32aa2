package proxy

import (
	"testing"
	"time"
)

func TestGRPCTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1S": time.Second, "20m": 20 * time.Millisecond, "3u": 3 * time.Microsecond, "7n": 7,
		"2M": 2 * time.Minute, "1H": time.Hour, "0S": 0, "99999999H": maxDuration, "00000001S": time.Second,
		"": -1, "S": -1, "1": -1, "1s": -1, "-1S": -1, "1.5S": -1, "123456789S": -1, "+1S": -1, "1 S": -1,
	} {
		d, ok := parseGRPCTimeout([]byte(text))
		if !ok {
			d = -1
		}
		if d != want {
			t.Errorf("%q is %v", text, d)
		}
	}
}

func TestAppendPercent(t *testing.T) {
	if got, want := string(appendPercent(nil, "a b%\n\xff~")), "a b%25%0A%FF~"; got != want {
		t.Errorf("got %q", got)
	}
}
