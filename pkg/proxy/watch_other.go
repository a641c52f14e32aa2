//go:build !linux

package proxy

import "net"

// watchSocket knows nothing here: a client that leaves keeps its place until its wait is over.
func watchSocket(net.Conn) (gone <-chan struct{}, stop func()) { return nil, nil }
