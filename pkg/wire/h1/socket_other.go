//go:build !unix

package h1

import "net"

func (in *input) bind(nc net.Conn) { in.nc = nc }

func (in *input) wait() error { return in.waitByte() }

func (in *input) silent(net.Conn) bool { return true }
