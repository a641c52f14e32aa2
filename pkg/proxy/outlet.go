package proxy

import (
	"context"
	"time"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/limit/flow"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// outlet is the way of a response's content to the client: as it is or through an encoder,
// and at a bounded rate where filters say so. The exchange's goroutine owns it, or that of ahead.
type outlet struct {
	x       *exchange
	encoder filter.Encoder
	pace    flow.Bucket
	// live says that nobody knows how long the content is, so that it may be a stream
	// whose reader waits for each part.
	live bool
	// apart says that another goroutine than the exchange's owns it until the content is sent.
	apart bool
	// held says that the encoder may hold something back.
	held bool
}

// begin finds out how the content of x.resp goes; it is called ahead of the head.
func (o *outlet) begin() {
	o.reset()
	x := o.x
	o.live = x.resp.Length < 0
	o.encoder = x.encoder()
	if r := x.bounds.response; r.BytesPerSecond > 0 {
		o.pace = flow.New(r.BytesPerSecond, r.AfterBytes, time.Now())
	}
}

// direct says that content passes as it is, as fast as it comes.
func (o *outlet) direct() bool { return o.encoder == nil && !o.pace.Bounds() }

// write goes on with the content.
func (o *outlet) write(p []byte) error {
	if o.encoder == nil {
		_, err := o.Write(p)
		return err
	}
	o.held = true
	_, err := o.encoder.Write(p)
	return err
}

// Write sends a part of what the client gets; encoders call it.
func (o *outlet) Write(p []byte) (n int, err error) {
	x := o.x
	for len(p) > 0 {
		part := p
		if o.pace.Bounds() {
			part = p[:min(len(p), o.pace.Part())]
			if err := o.rest(o.pace.Take(len(part), time.Now())); err != nil {
				return n, err
			}
		}
		if err := x.down.writeBody(part); err != nil {
			return n, err
		}
		n += len(part)
		x.bytesOut += int64(len(part))
		p = p[len(part):]
	}
	return n, nil
}

// rest waits as the rate asks, with what was written before on its way.
func (o *outlet) rest(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	x := o.x
	if err := x.down.flush(); err != nil {
		return err
	}
	if err := sleep(x.proxy.ctx, d); err != nil {
		return err
	}
	now := time.Now()
	x.down.awaitWrite(now, x.proxy.timeouts.Write, x.deadline)
	if !o.apart {
		x.body.keepAwake(x, now)
	}
	return nil
}

// flush sends what is held back, as nothing more may come for a while.
func (o *outlet) flush() error {
	if o.encoder != nil && o.live && o.held {
		o.held = false
		if err := o.encoder.Flush(); err != nil {
			return err
		}
	}
	return o.x.down.flush()
}

// finish ends the response.
func (o *outlet) finish(trailer *wire.Header) error {
	if o.encoder != nil {
		if err := o.encoder.Close(); err != nil {
			return err
		}
	}
	return o.x.down.finish(trailer)
}

// reset makes it ready for another response.
func (o *outlet) reset() {
	if o.encoder != nil {
		o.encoder.Release()
	}
	*o = outlet{x: o.x}
}

// sleep lets time pass, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
