package admin

import (
	"crypto/x509"
	"encoding/pem"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/table"
)

// Listener is a listener of the table that is served.
type Listener struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port,omitempty"`
	RouteSet string `json:"routeSet"`
}

// Route is a route of the table that is served.
type Route struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Field  string `json:"field,omitempty"`
	Host   string `json:"host"`
	// Answer is what the route answers itself, as one does that is broken.
	Answer *table.ExplainedAnswer `json:"answer,omitempty"`
}

// Compiled is the table that is served.
type Compiled struct {
	Listeners []Listener `json:"listeners"`
	Routes    []Route    `json:"routes"`
}

// CompiledOf describes a table; nil has no listeners.
func CompiledOf(t *table.Table) Compiled {
	c := Compiled{Listeners: []Listener{}, Routes: []Route{}}
	if t == nil {
		return c
	}
	for _, l := range t.Listeners() {
		c.Listeners = append(c.Listeners, Listener{l.Name, l.Protocol.String(), l.Port, l.RouteSet})
	}
	for _, r := range t.Routes() {
		route := Route{ID: r.ID, Object: r.Origin.String(), Field: r.Field, Host: r.Host}
		if r.Respond != nil {
			route.Answer = &table.ExplainedAnswer{Status: r.Respond.Status, Reason: r.Respond.Reason}
		}
		c.Routes = append(c.Routes, route)
	}
	return c
}

// Certificate is what may be known of a certificate.
type Certificate struct {
	Name        string    `json:"name"`
	Object      string    `json:"object"`
	Fingerprint string    `json:"fingerprint"`
	Names       []string  `json:"names,omitempty"`
	Issuer      string    `json:"issuer,omitempty"`
	Algorithm   string    `json:"algorithm,omitempty"`
	NotBefore   time.Time `json:"notBefore,omitzero"`
	NotAfter    time.Time `json:"notAfter,omitzero"`
	// Unusable says that there is no certificate to be read.
	Unusable bool `json:"unusable,omitempty"`
}

// Certificates describes those of a Config, which may be nil; keys are not looked at.
func Certificates(c *ir.Config) []Certificate {
	list := []Certificate{}
	if c == nil {
		return list
	}
	for i := range c.Certificates {
		list = append(list, describe(&c.Certificates[i]))
	}
	return list
}

func describe(c *ir.Certificate) Certificate {
	d := Certificate{Name: c.Name, Object: c.Origin.String(), Fingerprint: c.Fingerprint, Unusable: true}
	block, _ := pem.Decode(c.ChainPEM)
	if block == nil {
		return d
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return d
	}
	d.Unusable = false
	d.Names, d.Issuer, d.Algorithm = leaf.DNSNames, leaf.Issuer.String(), leaf.PublicKeyAlgorithm.String()
	d.NotBefore, d.NotAfter = leaf.NotBefore, leaf.NotAfter
	return d
}
