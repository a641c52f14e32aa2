package proxy

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/proxy/l4"
)

// half is one direction of a tunnel. What comes in small parts is read and written; once a part
// has filled the largest buffer, what follows goes from socket to socket in the kernel, as long as much of it
// is there at once. One that waits holds no pipe.
type half struct {
	*tunnel
	dst, src tunnelEnd
	count    *atomic.Int64

	buf                   adaptiveBuffer
	readLimit, writeLimit deadline
	// bulk says that the source had more than was read; splice, which is looked for when that
	// happens for the first time, is nil where the kernel cannot help.
	bulk, looked bool
	splice       splicer
}

// splicer is an l4.Splice.
type splicer interface {
	Take() (int, error)
	Give() (int, error)
	Release()
}

// run moves what comes, from first on, until the source ends, and passes the end on.
func (h *half) run(first []byte) {
	if !h.pump(first) || !closeWrite(h.dst) {
		if h.broken != nil {
			h.broken()
		}
		_ = h.dst.Close()
		_ = h.src.Close()
	}
}

// pump returns true if the source has ended in order.
func (h *half) pump(first []byte) bool {
	defer h.release()
	h.readLimit.forget() // What bounded the exchange before says nothing of the tunnel.
	h.writeLimit.forget()
	h.buf.of = h.large
	if !h.write(first) {
		return false
	}
	for {
		h.boundRead()
		err, ok := h.step()
		switch {
		case !ok:
			return false
		case err == nil:
		case errors.Is(err, io.EOF):
			return true
		case isTimeout(err) && h.left(time.Now()) > 0:
			h.readLimit.forget() // The other direction has moved meanwhile.
		default:
			if isTimeout(err) {
				h.timedOut.Store(true)
			}
			return false
		}
	}
}

// step waits for what comes and moves it. The error is that of reading; ok says that writing did not fail.
func (h *half) step() (err error, ok bool) {
	if h.bulk {
		n, err := h.splice.Take()
		if err != nil || n > 0 {
			return err, h.give(n)
		}
	}
	p := h.buf.get(copySize)
	n, err := h.src.Read(p)
	if !h.write(p[:n]) {
		return err, false
	}
	h.buf.adapt(n)
	h.bulk = n == copySize && h.mayTakeSplice()
	return err, true
}

// mayTakeSplice says that the kernel can help.
func (h *half) mayTakeSplice() bool {
	if !h.looked {
		h.looked = true
		if s := l4.NewSplice(h.dst, h.src); s != nil {
			h.splice = s
		}
	}
	return h.splice != nil
}

// give writes the n bytes that were taken. They are many, so that the peer may take long for all of
// them: it is asked often enough whether it has moved.
func (h *half) give(n int) bool {
	for n > 0 {
		now := time.Now()
		if at, tell := h.writeLimit.after(now, h.idle/4, time.Time{}); tell {
			_ = h.dst.SetWriteDeadline(at)
		}
		given, err := h.splice.Give()
		if given > 0 {
			h.count.Add(int64(given))
			h.spliced.Add(int64(given))
			h.moved.Store(time.Now().UnixNano())
		}
		n -= given
		if err != nil && (!isTimeout(err) || h.left(time.Now()) <= 0) {
			return false
		}
	}
	return true
}

func (h *half) write(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	now := time.Now()
	h.moved.Store(now.UnixNano())
	if at, tell := h.writeLimit.after(now, h.idle, time.Time{}); tell {
		_ = h.dst.SetWriteDeadline(at)
	}
	n, err := h.dst.Write(p)
	h.count.Add(int64(n))
	return err == nil
}

// boundRead limits the next read to what is left of idle.
func (h *half) boundRead() {
	now := time.Now()
	left := time.Duration(0)
	if h.idle > 0 {
		left = max(h.left(now), time.Millisecond)
	}
	if at, tell := h.readLimit.after(now, left, time.Time{}); tell {
		_ = h.src.SetReadDeadline(at)
	}
}

func (h *half) release() {
	h.buf.release()
	if h.splice != nil {
		h.splice.Release()
	}
}

// closeWrite passes an end on; false means that the connection cannot be half-closed.
func closeWrite(end tunnelEnd) bool {
	closer, ok := end.(interface{ CloseWrite() error })
	return ok && closer.CloseWrite() == nil
}
