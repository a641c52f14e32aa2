package proxy

import (
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/pkg/proxy/spool"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// ahead is the way of a response's body that is taken from the endpoint ahead of a slow client, and kept
// for it: the exchange's goroutine takes it, and a second one delivers it, while the endpoint may be free again.
//
// From the start of that second goroutine to the end of done, what writes to the client is its own: those methods of
// downstream, the outlet, and the count of bytes.
type ahead struct {
	pipe *spool.Pipe
	done chan struct{}
	// fault is why the client did not get all that came, nil where it did. It is read once done is closed.
	fault *fault
	// trailer is what came behind the body; it is set before the pipe is told of the end.
	trailer *wire.Header

	// mu guards up, which is what the body comes from, nil once it has come.
	mu sync.Mutex
	up upside
}

// keepsResponse says that the body of the response is to be kept for a slow client.
func (x *exchange) keepsResponse() bool {
	if b := &x.route.BufferResponse; b.MemoryBytes == 0 && b.DiskBytes == 0 || x.speaksGRPC() {
		return false
	}
	h := &x.resp.Header
	media := h.GetKnown(wire.ContentType)
	return !beginsWith(media, "text/event-stream") && !beginsWith(media, "application/grpc") && !wire.EqualName(h.Get("X-Accel-Buffering"), "no")
}

// beginsWith says whether a media type begins with a text, in any case.
func beginsWith(media []byte, text string) bool {
	return len(media) >= len(text) && wire.EqualName(media[:len(text)], text)
}

// takeAhead takes the body from the endpoint as fast as there is room for it. The rest of it may be on its way to the
// client when it returns: see delivered.
func (x *exchange) takeAhead() *fault {
	bounds := x.route.BufferResponse
	a := &ahead{pipe: x.proxy.spool.Pipe(bounds.MemoryBytes, bounds.DiskBytes), done: make(chan struct{}), up: x.up}
	x.ahead, x.out.apart = a, true
	// It ends when the body does, or when the client's side fails, which has a deadline.
	go a.run(x)
	f := a.fill(x)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.up = nil
	return f
}

// fill moves the body from the endpoint into the pipe.
func (a *ahead) fill(x *exchange) *fault {
	buf := adaptiveBuffer{of: &x.conn.large}
	defer buf.release()
	body := x.up.Body()
	for {
		if x.up.BodyBuffered() == 0 && !x.up.BodyDone() {
			x.renewEndpoint(time.Now())
		}
		p := buf.get(copySize)
		n, err := body.Read(p)
		if _, left := a.pipe.Write(p[:n]); left != nil || err != nil && a.pipe.Left() {
			<-a.done
			return a.fault
		}
		buf.adapt(n)
		switch {
		case errors.Is(err, io.EOF):
			if trailer := body.Trailer(); trailer != nil {
				a.trailer = new(wire.Header) // The endpoint's goes with its connection.
				a.trailer.CopyFrom(trailer)
			}
			a.pipe.End(io.EOF)
			return nil
		case err != nil:
			a.pipe.End(err)
			return x.ofRelay(err)
		}
	}
}

// run is the second goroutine.
func (a *ahead) run(x *exchange) {
	defer close(a.done)
	defer func() {
		if thrown := recover(); thrown != nil {
			x.proxy.log.Error("panic while sending a response that was kept", "error", thrown, "stack", string(debug.Stack()))
			a.fault = faultPanic
		}
		if a.fault != nil {
			a.giveUp()
		}
	}()
	a.fault = a.deliver(x)
}

// giveUp ends what waits for the client or the endpoint.
func (a *ahead) giveUp() {
	a.pipe.Leave()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.up != nil {
		a.up.Cut()
	}
}

// deliver moves the body from the pipe to the client.
func (a *ahead) deliver(x *exchange) *fault {
	buf := adaptiveBuffer{of: &x.conn.large}
	defer buf.release()
	for {
		if a.pipe.Waiting() {
			a.awaitClient(x)
			if err := x.out.flush(); err != nil {
				return ofClientWrite(err)
			}
		}
		p := buf.get(x.down.room())
		n, err := a.pipe.Read(p)
		if n > 0 {
			a.awaitClient(x)
			if err := x.out.write(p[:n]); err != nil {
				return ofClientWrite(err)
			}
			buf.adapt(n)
			continue
		}
		switch {
		case errors.Is(err, io.EOF):
			a.awaitClient(x)
			return x.finishResponse(a.trailer)
		case errors.Is(err, spool.ErrLost):
			x.proxy.log.Error("what was kept of a response cannot be read from disk", "error", err)
			return faultBuffer
		}
		// Whoever ended the pipe knows why; the client gets what came before.
		if err := x.out.flush(); err != nil {
			return ofClientWrite(err)
		}
		return nil
	}
}

func (a *ahead) awaitClient(x *exchange) {
	x.down.awaitWrite(time.Now(), x.proxy.timeouts.Write, x.deadline)
}

// delivered waits until the client has all of a response that was taken ahead, without holding what others
// may wait for; f is how the exchange with the endpoint ended.
func (x *exchange) delivered(f *fault) *fault {
	a := x.ahead
	if a == nil {
		return f
	}
	x.leaveSlot()
	x.endAhead()
	if f == nil {
		return a.fault
	}
	return f
}

// endAhead waits for the end of the second goroutine, and gives back what was kept.
func (x *exchange) endAhead() {
	a := x.ahead
	<-a.done
	x.ahead = nil
	if err := a.pipe.Release(); err != nil {
		x.proxy.log.Error("a response cannot be kept on disk", "error", err)
	}
}

// abandonAhead ends it after a panic.
func (x *exchange) abandonAhead() {
	if x.ahead != nil {
		x.ahead.pipe.Leave()
		x.endAhead()
	}
}
