package gateway

// stream is what a TLSRoute, TCPRoute or UDPRoute adds to a socket.
type stream struct {
	listener *listener
	// host and own are as of an entry; empty but for TLSRoutes.
	host, own string
	from      *route
}

func (t *translation) tlsRoutes() []*route { return nil }
func (t *translation) tcpRoutes() []*route { return nil }
func (t *translation) udpRoutes() []*route { return nil }
