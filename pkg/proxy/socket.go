package proxy

import (
	"context"
	"net"
	"time"
)

// How long the network may say nothing before a connection is taken for lost:
// a minute of silence, and then three probes without an answer.
const (
	keepAliveIdle     = 60 * time.Second
	keepAliveInterval = 15 * time.Second
	keepAliveProbes   = 3
)

// maxUnsent bounds the bytes that wait in the kernel for a client that does not take them, besides
// those under way to it: by itself Linux keeps up to 4 MiB for each, and as soon as a few hundred
// clients read slowly it has none left for anybody (net.ipv4.tcp_mem).
const maxUnsent = 256 << 10

// Listen binds a TCP address for Serve. Connections that are accepted get what
// they need from the listening socket: to set it for each costs five system calls.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	return listenConfig.Listen(ctx, "tcp", address)
}
