package proxy

import (
	"errors"
	"io"
	"time"

	"github.com/sluice-dev/sluice/pkg/proxy/spool"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Buffering bounds the bodies of requests that routes ask to be read to their end before an
// endpoint hears of them, and of responses that are kept for slow clients. A field that is 0 means its default.
type Buffering struct {
	// Dir is where what does not fit into memory goes, in files without a name; empty means the
	// system's directory for such.
	Dir string
	// Head is how much of one request's body is kept in memory. Default 64 KiB.
	Head int
	// MaxMemory and MaxDisk bound all bodies together. A request beyond is answered 503, a response waits at
	// its endpoint, beyond three quarters already. Default
	// 64 MiB and 1 GiB.
	MaxMemory, MaxDisk int64
}

func (o Buffering) pool() *spool.Pool {
	return spool.New(spool.Options{
		Dir: o.Dir, Head: int(or64(int64(o.Head), 64<<10)), MaxMemory: or64(o.MaxMemory, 64<<20), MaxDisk: or64(o.MaxDisk, 1<<30),
	})
}

func or64(n, otherwise int64) int64 {
	if n > 0 {
		return n
	}
	return otherwise
}

var (
	faultBufferFull = &fault{status: 503, reason: "body_buffer_full", side: ofSluice}
	faultBuffer     = &fault{status: 500, reason: "body_buffer_failed", side: ofSluice}
)

// buffers says that the route has the body of the request kept, which may not have come.
func (b *requestBody) buffers(x *exchange) bool {
	length := x.req.Length
	return x.route.BufferRequest && !b.read && length != 0 && (length < 0 || length > maxHeld || int64(x.down.bodyBuffered()) < length) && !x.speaksGRPC()
}

// buffer reads the whole body, so that the endpoint gets it at once, with its length, and as
// often as is needed.
func (b *requestBody) buffer(x *exchange) *fault {
	if err := x.down.sendContinue(); err != nil {
		return ofClientWrite(err)
	}
	b.spool, b.streams = x.proxy.spool.Body(), true
	buf := adaptiveBuffer{of: &x.conn.large} // A client may be silent for long.
	defer buf.release()
	body := x.down.body()
	bucket, part := b.pace(x)
	for {
		begun := time.Now()
		b.awaitClient(x, begun)
		p := buf.get(part)
		p = p[:min(len(p), part)]
		n, err := body.Read(p)
		b.waited += time.Since(begun)
		if moved := b.moved.Add(int64(n)); x.bounds.body > 0 && moved > x.bounds.body {
			return faultBodyTooLarge
		}
		if _, failed := b.spool.Write(p[:n]); failed != nil {
			if errors.Is(failed, spool.ErrFull) {
				return faultBufferFull
			}
			x.proxy.log.Error("a body cannot be kept on disk", "error", failed)
			return faultBuffer
		}
		buf.adapt(n)
		switch {
		case errors.Is(err, io.EOF):
			return b.buffered(x, body.Trailer())
		case err != nil:
			return ofBody(err)
		}
		if bucket.Bounds() && !x.pauseFor(bucket.Take(n, time.Now())) {
			return faultClientGone
		}
	}
}

// pauseFor waits, unless the process ends.
func (x *exchange) pauseFor(d time.Duration) bool { return d <= 0 || sleep(x.proxy.ctx, d) == nil }

// buffered notes that all of the body is there.
func (b *requestBody) buffered(x *exchange, trailer *wire.Header) *fault {
	b.trailer = trailer
	if trailer == nil || trailer.Len() == 0 {
		x.req.Length = b.spool.Len()
	}
	return nil
}

// resend moves the body from where it is kept to the endpoint, as the pump.
func (b *requestBody) resend(x *exchange) *fault {
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	b.spool.Rewind()
	x.copies.body = x.copies.body[:0]
	for {
		n, err := b.spool.Read(buf[:])
		if n > 0 {
			x.copies.tee(buf[:n])
			b.awaitEndpoint(x, time.Now())
			if err := x.up.WriteBody(buf[:n]); err != nil {
				return ofPump(err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			x.sendCopies(x.copies.body)
			return b.finish(x, b.trailer)
		case err != nil:
			x.proxy.log.Error("a body cannot be read from disk", "error", err)
			return faultBuffer
		}
	}
}

// again makes a body that is kept ready to be sent once more.
func (b *requestBody) again() {
	b.received, b.fault = false, nil
	b.upRead.forget()
	b.upWoken.forget()
	b.cutAt.Store(0)
	b.answering.Store(false)
	b.failedFirst.Store(false)
}

// dropSpool gives back what is kept.
func (b *requestBody) dropSpool() {
	if b.spool != nil {
		// Nobody misses what a file without a name cannot be closed for.
		_ = b.spool.Close()
		b.spool, b.trailer = nil, nil
	}
}
