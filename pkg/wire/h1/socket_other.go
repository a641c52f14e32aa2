//go:build !unix

package h1

import "net"

func (in *input) bind(nc net.Conn) { in.nc = nc }

func (in *input) wait(int) error { return in.waitByte() }

func (in *input) silent(net.Conn) bool { return true }

func (in *input) receive(p []byte) (int, error) { return in.nc.Read(p) }

func (o *output) transmit(in *input, p []byte) (int, error) { return in.nc.Write(p) }
