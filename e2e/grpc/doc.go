// Package grpc tests that gRPC passes through Sluice: the interoperability tests of gRPC itself, through the
// real program without a cluster. It needs neither root nor a network.
package grpc
