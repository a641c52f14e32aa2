package certs

import (
	"crypto/tls"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

func TestExplainPolicy(t *testing.T) {
	server := issue(t, "n/server", ecdsaKey(), "x.test")
	from := report.Origin{Kind: "ProxyRoute", Namespace: "n", Name: "r"}
	r := newRegistry(t)
	l, facts := r.Listener(ir.ListenerTLS{Default: server.Name, Hosts: []ir.TLSHost{{
		Host: "*.x.test", Origin: from, Field: "spec.tls",
		Policy: ir.TLSPolicy{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, Curves: []uint16{uint16(tls.X25519)}},
		Client: ir.ClientAuth{Mode: ir.ClientAuthOptional, CAs: string(server.ChainPEM)},
	}}}, []ir.Certificate{server})
	if facts.Len() > 0 {
		t.Fatal(facts.All())
	}
	want := HeldTo{
		Host: "*.x.test", MinVersion: "1.2", MaxVersion: "1.2", CipherSuites: []string{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		Curves: []string{"X25519"}, Client: "optional", Origin: from, Field: "spec.tls",
	}
	if diff := cmp.Diff(want, l.ExplainPolicy("a.x.test")); diff != "" {
		t.Errorf("of a host (-want +got):\n%s", diff)
	}
	others := l.ExplainPolicy("y.test")
	others.CipherSuites = nil
	if diff := cmp.Diff(HeldTo{MinVersion: "1.2", MaxVersion: "1.3", Client: "none"}, others); diff != "" {
		t.Errorf("of the process (-want +got):\n%s", diff)
	}
}
