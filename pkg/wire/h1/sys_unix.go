//go:build unix && !linux

package h1

import (
	"errors"
	"syscall"
)

// recv reads what is there into p, which is not empty.
func recv(fd uintptr, p []byte, flags uintptr) (int, syscall.Errno) {
	for {
		n, _, err := syscall.Recvfrom(int(fd), p, int(flags)|syscall.MSG_DONTWAIT)
		errno, _ := errors.AsType[syscall.Errno](err)
		if errno != syscall.EINTR {
			return max(n, 0), errno
		}
	}
}

// transmit writes as much of p, which is not empty, as the socket takes.
func transmit(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, err := syscall.Write(int(fd), p)
		errno, _ := errors.AsType[syscall.Errno](err)
		if errno != syscall.EINTR {
			return max(n, 0), errno
		}
	}
}
