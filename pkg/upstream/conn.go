package upstream

import "github.com/sluice-dev/sluice/pkg/wire/h1"

// Conn is a connection to an endpoint. It ends with exactly one Put or Close.
type Conn struct {
	*h1.Conn
}

// Endpoint returns whose connection it is.
func (c *Conn) Endpoint() *Endpoint { return nil }

// Put keeps the connection for another exchange where that is possible, and
// closes it otherwise. Deadlines of the net.Conn are taken away.
func (c *Conn) Put() {}

// Close closes the connection.
func (c *Conn) Close() {}
