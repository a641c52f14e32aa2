//go:build !linux

package proxy

import "net"

var listenConfig = net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{
	Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveProbes,
}}
