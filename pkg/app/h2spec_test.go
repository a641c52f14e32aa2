package app

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// h2spec returns the path of the program: $H2SPEC, else what `make` has built.
func h2spec(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("H2SPEC"); path != "" {
		return path
	}
	built, err := filepath.Glob("../../bin/tools/h2spec-*")
	if err != nil || len(built) == 0 {
		t.Fatal("this test needs the program h2spec, by its path in the environment variable H2SPEC or in bin/tools: run `make test`")
	}
	return built[len(built)-1]
}

// TestH2spec runs all cases of h2spec, the strict ones too, against the proxy.
func TestH2spec(t *testing.T) {
	program := h2spec(t)
	for name, c := range map[string]struct {
		mode    string
		address func(*App) net.Addr
		args    []string
		count   int
	}{
		"over TLS":        {mode: "prior-knowledge", address: func(a *App) net.Addr { return a.HTTPS }, args: []string{"-t", "-k"}, count: 146},
		"without TLS":     {mode: "only", address: func(a *App) net.Addr { return a.HTTP }, count: 146},
		"beside HTTP/1.1": {mode: "prior-knowledge", address: func(a *App) net.Addr { return a.HTTP }, args: besideHTTP1, count: 145},
	} {
		t.Run(name, func(t *testing.T) {
			b := newSlowBackend(t)
			a := newApp(t, func(o *Options) { o.H2C = c.mode })
			if err := a.Start(); err != nil {
				t.Fatal(err)
			}
			slice := endpointSlice("a", b.address.Addr().String())
			*slice.Ports[0].Port = int32(b.address.Port())
			a.publisher.publish(snapshotOf(ingress("", "a"), service("a"), slice), nil)
			at := c.address(a).(*net.TCPAddr).AddrPort()
			args := append([]string{"-h", at.Addr().String(), "-p", strconv.Itoa(int(at.Port())), "--strict", "-o", "20"}, c.args...)
			out, err := exec.Command(program, args...).CombinedOutput()
			t.Logf("h2spec %s: %s", name, lastLine(out))
			if all := fmt.Sprintf("%d tests, %[1]d passed, 0 skipped, 0 failed", c.count); err != nil || lastLine(out) != all {
				t.Errorf("want %q, %v\n%s", all, err, out)
			}
			if err := a.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// besideHTTP1 are all cases but http2/3.5/2: what begins with another preface there is
// a bad request of HTTP/1.1, and is answered as one, which h2spec cannot read.
var besideHTTP1 = []string{"generic", "hpack", "http2/3.5/1", "http2/4", "http2/5", "http2/6", "http2/7", "http2/8"}

func lastLine(out []byte) string {
	out = bytes.TrimSpace(out)
	return string(out[bytes.LastIndexByte(out, '\n')+1:])
}
