// Package crd holds the CustomResourceDefinitions, as controller-gen writes them
// from pkg/api, for programs that check objects without an API server.
package crd

import _ "embed"

// ProxyRoute is the CustomResourceDefinition of ProxyRoute, in YAML.
//
//go:embed bases/sluice.dev_proxyroutes.yaml
var ProxyRoute []byte

// ProxyPolicy is the CustomResourceDefinition of ProxyPolicy, in YAML.
//
//go:embed bases/sluice.dev_proxypolicies.yaml
var ProxyPolicy []byte
