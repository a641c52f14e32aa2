package main

import (
	"crypto/x509"
	"testing"
)

func TestAuthoritiesAreBuiltIn(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no fallback for the system's certificates of authorities was set before")
		}
	}()
	// It may be called once in a process, which package fallback has done.
	x509.SetFallbackRoots(x509.NewCertPool())
}
