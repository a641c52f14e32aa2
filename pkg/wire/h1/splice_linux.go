package h1

import "golang.org/x/sys/unix"

// ready waits until something can be read and returns how many bytes that are;
// 0 means an end, a failure, or nothing that could be counted: reading will tell.
func (in *input) ready() (int, error) {
	if in.raw == nil {
		return 0, nil
	}
	if in.tryCount == nil {
		in.tryCount = in.count
	}
	if err := in.raw.Read(in.tryCount); err != nil {
		return 0, err
	}
	return in.counted, nil
}

// count is called by the poller as read is.
func (in *input) count(fd uintptr) bool {
	in.quiet = false
	n, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	if in.counted = n; err != nil || n > 0 {
		return true
	}
	in.peek(fd)
	return !in.quiet
}
