// Package gatewayapicrds holds the CustomResourceDefinitions of the Gateway API as they
// are published, for programs that check objects without an API server.
package gatewayapicrds

import "embed"

// Files are the manifests, named crds/GROUP_PLURAL.yaml.
//
//go:embed crds/*.yaml
var Files embed.FS
