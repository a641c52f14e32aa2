package resolve

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Fragment is what one object adds to the model, before it is merged with what
// others add.
type Fragment struct {
	// Origin is the object.
	Origin report.Origin
	// Created is its creation time, which decides conflicts.
	Created time.Time
	// Routes in the order of the object.
	Routes []Route
	// Streams are the hosts whose connections over TLS are passed on as they are, each host
	// once. Their Origin is that of the fragment.
	Streams []ir.Stream
	// Bindings in the order of the object.
	Bindings []Binding
	// Policies in the order of the object, each host once.
	Policies []Policy
}

// Route is a route with what the merge decides about it.
type Route struct {
	ir.Route
	// Host is the host pattern that it is for.
	Host string
	// Redirect says whether requests in clear text are redirected to HTTPS.
	Redirect Redirect
	// Created is the creation time of the object.
	Created time.Time
	// Fallback marks a default back end: any other route with an equal match goes
	// before it, whatever its age.
	Fallback bool
}

// Redirect says when requests in clear text are redirected to HTTPS.
type Redirect uint8

const (
	// RedirectNever leaves them alone.
	RedirectNever Redirect = iota
	// RedirectCovered redirects where a usable certificate covers the host.
	RedirectCovered
	// RedirectAlways redirects, certificate or not.
	RedirectAlways
)

// Policy is what handshakes for a host are held to.
type Policy struct {
	ir.TLSHost
	// Field is the one that asks for it.
	Field string
}

// Binding offers a certificate for a host.
type Binding struct {
	// Host is a host pattern, not empty.
	Host string
	// Certificate covers the host.
	Certificate *Certificate
	// Field is the one that asks for it.
	Field string
}
