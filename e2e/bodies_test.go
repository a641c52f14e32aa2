package e2e

import (
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// testBodies wants answers compressed for who asks for it, and others slowed down.
func testBodies(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: bodies, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [bodies.example.com]
  routes:
  - matches: [{path: {value: /small}}]
    filters: [{type: Compression, compression: {minBytes: 1}}]
    backends: [{service: {name: blog, port: 80}}]
  - matches: [{path: {value: /slow}}]
    filters: [{type: Bandwidth, bandwidth: {responseBytesPerSecond: 65536}}]
    backends: [{service: {name: blog, port: 80}}]
`)
	f := frontAddress(t)
	const host = "http://bodies.example.com"
	f.everywhere(t, host+"/small", 200, from("blog"))
	got, err := f.get(host+"/small", withHeader("Accept-Encoding", "gzip"))
	if err != nil || got.header.Get("Content-Encoding") != "gzip" || !strings.Contains(got.header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("%v, %+v", err, got)
	}
	unpacked, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Service string }
	if err := json.NewDecoder(unpacked).Decode(&said); err != nil || said.Service != "blog" {
		t.Errorf("%v, %+v", err, said)
	}
	begun := time.Now()
	got, err = f.get(host + "/slow?size=131072")
	if err != nil || got.status != 200 || len(got.body) != 131072 {
		t.Fatalf("%v, status %d, %d bytes", err, got.status, len(got.body))
	}
	// Of two seconds' bytes some go at once; none of it may take less than one.
	if took := time.Since(begun); took < time.Second {
		t.Errorf("131072 bytes took %v", took)
	}
}
