package proxy

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/flow"
	"github.com/sluice-dev/sluice/pkg/proxy/spool"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// maxHeld bounds the request bodies that are kept to be sent again.
const maxHeld = 16 << 10

// requestBody is the way of a request's body to the endpoint: there is none, or
// it is held because all of it had come with the head, or it streams: a
// second goroutine, the pump, moves it while the response is already awaited.
//
// The exchange's goroutine starts the pump and is the only one to receive from
// done; between the two, the pump owns what is marked as its own.
type requestBody struct {
	// held is the body where it does not stream.
	held    []byte
	streams bool
	// read says that a filter has read all of the body, which is held.
	read bool
	// spool keeps the body where the route has it buffered, and trailer what came behind it; nil otherwise.
	spool   *spool.Body
	trailer *wire.Header
	// running says that done has not been received from yet, received that it has.
	running, received bool
	done              chan struct{}
	// cutAt is the instant from which on the pump may read no more, in
	// nanoseconds since 1970; 0: none.
	cutAt atomic.Int64
	// answering says that the response's body is being relayed.
	answering atomic.Bool
	// failedFirst says that the pump has failed while the response was awaited.
	failedFirst atomic.Bool
	// moved counts the bytes that the pump has moved.
	moved atomic.Int64
	// waited is how long the pump has waited for the client. It is the pump's.
	waited time.Duration

	// fault is the pump's until done is received from.
	fault *fault
	// upRead belongs to the exchange's goroutine, clientWoken too, upWoken to the pump.
	upRead, clientWoken, upWoken deadline
}

// reset makes it ready for another exchange and keeps its memory.
func (b *requestBody) reset() {
	b.dropSpool()
	b.held, b.waited = b.held[:0], 0
	b.streams, b.read, b.running, b.received, b.fault = false, false, false, false, nil
	b.upRead.forget()
	b.clientWoken.forget()
	b.upWoken.forget()
	b.cutAt.Store(0)
	b.answering.Store(false)
	b.failedFirst.Store(false)
	b.moved.Store(0)
}

// taken returns how many bytes of the body were taken from the client.
func (b *requestBody) taken() int64 { return int64(len(b.held)) + b.moved.Load() }

// replayable says that the body can be sent once more.
func (b *requestBody) replayable() bool {
	return !b.streams || !b.running && (!b.received || b.spool != nil)
}

// prepare finds out how the body goes.
func (b *requestBody) prepare(x *exchange) *fault {
	length := x.req.Length
	switch {
	case length == 0, b.read, b.spool != nil:
		return nil
	case length < 0 || length > maxHeld || int64(x.down.bodyBuffered()) < length:
		b.streams = true
		return nil
	}
	if cap(b.held) < int(length) {
		b.held = make([]byte, length)
	}
	b.held = b.held[:length]
	if _, err := io.ReadFull(x.down.body(), b.held); err != nil {
		return ofBody(err)
	}
	return nil
}

// start sets the pump going.
func (b *requestBody) start(x *exchange) (sent bool, f *fault) {
	if b.spool != nil {
		b.again()
	} else if x.down.bodyBuffered() == 0 {
		// The endpoint may answer by the head alone.
		if err := x.up.Flush(); err != nil {
			return x.ofFirst(err)
		}
	}
	x.down.awaitWrite(x.tryStart, x.proxy.timeouts.Write, x.deadline)
	if err := x.down.sendContinue(); err != nil {
		return true, ofClientWrite(err)
	}
	if b.done == nil {
		b.done = make(chan struct{}, 1)
	}
	b.running = true
	// The goroutine ends when the body does, when either side fails, or soon
	// after settle, which every exchange with a running pump comes to.
	go b.pump(x)
	return true, nil
}

// pump moves the body from the client to the endpoint.
func (b *requestBody) pump(x *exchange) {
	defer func() {
		if thrown := recover(); thrown != nil {
			b.fault = faultPanic
			x.proxy.log.Error("panic while reading a request's body", "error", thrown)
		}
		if b.fault != nil {
			// Who waits for the response must not wait for one that cannot come.
			b.wakeReader(x)
		}
		b.done <- struct{}{}
	}()
	b.fault = b.move(x)
}

// wakeReader ends the wait for a response after the request failed. An endpoint
// that refused bytes may have said why, so what it sent is still read.
func (b *requestBody) wakeReader(x *exchange) {
	if b.fault != faultEndpointSend {
		b.failedFirst.Store(true)
		x.up.SetReadDeadline(past)
	}
}

func (b *requestBody) move(x *exchange) *fault {
	if b.spool != nil {
		return b.resend(x)
	}
	buf := adaptiveBuffer{of: &x.conn.large} // A client may be silent for long.
	defer buf.release()
	body := x.down.body()
	limit := x.bounds.body
	bucket, part := b.pace(x)
	for {
		var begun time.Time
		if x.down.bodyBuffered() == 0 && !x.down.bodyDone() {
			if b.moved.Load() > 0 {
				if err := x.up.Flush(); err != nil {
					return ofPump(err)
				}
			}
			begun = time.Now()
			b.awaitClient(x, begun)
		}
		p := buf.get(part)
		p = p[:min(len(p), part)]
		n, err := body.Read(p)
		if !begun.IsZero() {
			b.waited += time.Since(begun)
		}
		if moved := b.moved.Add(int64(n)); limit > 0 && moved > limit {
			return faultBodyTooLarge
		}
		if n > 0 {
			x.copies.tee(p[:n])
			if bucket.Bounds() {
				if err := b.rest(x, bucket.Take(n, time.Now())); err != nil {
					return ofPump(err)
				}
			}
			b.awaitEndpoint(x, time.Now())
			if err := x.up.WriteBody(p[:n]); err != nil {
				return ofPump(err)
			}
		}
		buf.adapt(n)
		switch {
		case errors.Is(err, io.EOF):
			x.sendCopies(x.copies.body)
			return b.finish(x, x.down.body().Trailer())
		case err != nil:
			return ofBody(err)
		}
	}
}

// pace returns what bounds the rate of the body, and how much of it is read at once.
func (b *requestBody) pace(x *exchange) (bucket flow.Bucket, part int) {
	r := x.bounds.request
	if r.BytesPerSecond == 0 {
		return bucket, copySize
	}
	bucket = flow.New(r.BytesPerSecond, r.AfterBytes, time.Now())
	return bucket, min(copySize, bucket.Part())
}

// rest waits as the rate asks, with what was written before on its way.
func (b *requestBody) rest(x *exchange, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := x.up.Flush(); err != nil {
		return err
	}
	return sleep(x.proxy.ctx, d)
}

// awaitClient bounds the read that follows.
func (b *requestBody) awaitClient(x *exchange, now time.Time) {
	x.down.awaitRead(now, b.patience(x), x.deadline)
	// settle stores before it cuts, so one of the two cuts last.
	if at := b.cutAt.Load(); at != 0 {
		x.down.cutRead(time.Unix(0, at))
	}
}

// patience is how long to wait for the client's next bytes, 0 for any time.
func (b *requestBody) patience(x *exchange) time.Duration {
	idle, t := x.route.Timeouts.Idle, &x.proxy.timeouts
	if t.BodyRate < 0 || b.answering.Load() || x.speaksGRPC() {
		return idle
	}
	left := t.BodyGrace + time.Duration(float64(b.moved.Load())/float64(t.BodyRate)*float64(time.Second)) - b.waited
	// What is too late already gets no time at all.
	left = max(left, time.Millisecond)
	if idle > 0 {
		return min(idle, left)
	}
	return left
}

// awaitEndpoint bounds the write that follows and lets the other direction wait as long.
func (b *requestBody) awaitEndpoint(x *exchange, now time.Time) {
	idle := x.route.Timeouts.Idle
	at, tell := b.upWoken.after(now, idle, x.deadline)
	if !tell || b.cutAt.Load() != 0 {
		return
	}
	x.up.SetWriteDeadline(at)
	if cut := b.cutAt.Load(); cut != 0 {
		x.up.SetWriteDeadline(time.Unix(0, cut))
	}
	if b.answering.Load() {
		x.up.SetReadDeadline(at)
	}
}

func (b *requestBody) finish(x *exchange, trailer *wire.Header) *fault {
	if err := x.up.FinishBody(trailer); err != nil {
		return ofPump(err)
	}
	if err := x.up.Flush(); err != nil {
		return ofPump(err)
	}
	return nil
}

// ofPump maps an error from sending the body.
func ofPump(err error) *fault {
	switch {
	case isTimeout(err):
		return faultEndpointSlow
	case errors.Is(err, h1.ErrInvalidHead), errors.Is(err, h2.ErrInvalidHead): // of a trailer
		return faultUnwritable
	}
	return faultEndpointSend
}

// keepAwake tells a pump that waits for the client that the response still
// moves. The exchange's goroutine calls it.
func (b *requestBody) keepAwake(x *exchange, now time.Time) {
	if !b.running || b.finished() {
		return
	}
	b.answering.Store(true)
	if at, tell := b.clientWoken.after(now, x.route.Timeouts.Idle, x.deadline); tell {
		x.down.cutRead(at)
	}
}

// finished says that the pump has ended. The exchange's goroutine calls it.
func (b *requestBody) finished() bool {
	if b.running && len(b.done) > 0 {
		<-b.done
		b.running, b.received = false, true
	}
	return !b.running
}

// settle ends the pump: at once, or, where the endpoint still wants the body,
// after as long as lingering may take.
func (b *requestBody) settle(x *exchange, wanted bool) {
	if b.finished() {
		return
	}
	at := past
	if wanted {
		at = time.Now().Add(x.proxy.timeouts.Linger)
	}
	b.cutAt.Store(at.UnixNano())
	x.down.cutRead(at)
	x.up.SetWriteDeadline(at)
	<-b.done
	b.running, b.received = false, true
}

// failure ends the pump after the response failed, and returns why the
// request did, if that came first.
func (b *requestBody) failure(x *exchange) *fault {
	if !b.streams {
		return nil
	}
	first := b.failedFirst.Load() // Settling makes it fail, too.
	b.settle(x, false)
	if first {
		return b.fault
	}
	return nil
}

// abandon ends the pump after a panic, without waiting for what does not come.
func (b *requestBody) abandon(x *exchange) {
	if b.finished() || x.up == nil {
		return
	}
	b.cutAt.Store(past.UnixNano())
	x.down.cutRead(past)
	x.up.SetDeadline(past)
	<-b.done
	b.running, b.received = false, true
}
