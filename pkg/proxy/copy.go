package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// What copies of requests may cost: they must never harm the requests themselves.
const (
	// maxCopies bounds the copies under way at once.
	maxCopies = 256
	// maxCopiedBody bounds the body of a copy.
	maxCopiedBody = 64 << 10
	// copyTimeout bounds a copy from its connection to the end of its response.
	copyTimeout = 30 * time.Second
)

// The outcomes of copies, for the metrics.
const (
	copySent    = "sent"
	copyFailed  = "failed"
	copyDropped = "dropped"
)

// copies are those of one exchange that are due.
type copies struct {
	to []*table.Copy
	// whole says that one of them has the body.
	whole bool
	// body is what the pump has moved; nil once it is too long.
	body []byte
	// tooLong says that the body is longer than a copy may be.
	tooLong bool
}

// errCopyTooLong says that the response to a copy is longer than anyone wants to drop.
var errCopyTooLong = errors.New("the response to a copy is too long")

// reset makes it ready for another exchange; the pump has ended.
func (c *copies) reset() {
	clear(c.to)
	c.to, c.body, c.whole, c.tooLong = c.to[:0], nil, false, false
}

// planCopies draws which copies of the request are due.
func (x *exchange) planCopies(backend *table.BackendFilters) {
	for i := range x.route.Copies {
		x.planCopy(&x.route.Copies[i])
	}
	if backend != nil {
		for i := range backend.Copies {
			x.planCopy(&backend.Copies[i])
		}
	}
}

func (x *exchange) planCopy(c *table.Copy) {
	if c.Due() {
		x.copies.to = append(x.copies.to, c)
		x.copies.whole = x.copies.whole || !c.WithoutBody()
	}
}

// tee keeps a part of the body for the copies. The pump calls it.
func (c *copies) tee(p []byte) {
	if !c.whole || c.tooLong {
		return
	}
	if len(c.body)+len(p) > maxCopiedBody {
		c.body, c.tooLong = nil, true
		return
	}
	c.body = append(c.body, p...)
}

// sendCopies sends the copies that are due, each in a goroutine of its own, which
// copyTimeout ends.
func (x *exchange) sendCopies(body []byte) {
	if len(x.copies.to) == 0 {
		return
	}
	p := x.proxy
	for _, to := range x.copies.to {
		tooLong := x.copies.tooLong && !to.WithoutBody()
		if tooLong || p.copying.Add(1) > maxCopies {
			if !tooLong {
				p.copying.Add(-1)
			}
			p.metrics.Copied(copyDropped)
			continue
		}
		c, pool := newRequestCopy(&x.req, body, to), to.Pool
		go func() {
			defer p.copying.Add(-1)
			if c.send(p.ctx, pool) != nil {
				p.metrics.Copied(copyFailed)
			} else {
				p.metrics.Copied(copySent)
			}
		}()
	}
	x.copies.to = x.copies.to[:0]
}

// requestCopy is a request in memory of its own.
type requestCopy struct {
	req  wire.Request
	body []byte
}

func newRequestCopy(r *wire.Request, body []byte, to *table.Copy) *requestCopy {
	if to.WithoutBody() {
		body = nil
	}
	c := &requestCopy{body: append([]byte(nil), body...)}
	c.req = *r
	c.req.Header = wire.Header{}
	c.req.Header.CopyFrom(&r.Header)
	for _, part := range []*[]byte{&c.req.Method, &c.req.Authority, &c.req.Path, &c.req.Query} {
		*part = append([]byte(nil), *part...)
	}
	if host := to.Host(); host != "" {
		c.req.Authority = []byte(host)
	}
	c.req.Upgrade, c.req.Length = nil, int64(len(body))
	return c
}

// send sends the copy and drops its response.
func (c *requestCopy) send(ctx context.Context, pool *upstream.Pool) error {
	e, err := pool.Pick()
	if err != nil {
		return err
	}
	defer e.Done()
	if len(c.req.Authority) == 0 {
		c.req.Authority = []byte(e.Address())
	}
	var up upside
	if pool.Multiplexed() {
		up, err = e.Stream(ctx, copyTimeout)
	} else {
		up, _, err = e.Conn(ctx, copyTimeout)
	}
	if err != nil {
		return err
	}
	if err := c.exchange(up); err != nil {
		up.Close()
		return err
	}
	up.Put()
	return nil
}

func (c *requestCopy) exchange(up upside) error {
	up.SetDeadline(time.Now().Add(copyTimeout))
	if err := up.WriteRequest(&c.req); err != nil {
		return err
	}
	if err := up.WriteBody(c.body); err != nil {
		return err
	}
	if err := up.FinishBody(nil); err != nil {
		return err
	}
	if err := up.Flush(); err != nil {
		return err
	}
	var resp wire.Response
	for range maxInterim {
		if err := up.ReadResponse(&resp, c.req.Method); err != nil {
			return err
		}
		if resp.Status >= 200 {
			break
		}
	}
	if !up.DrainBody(1 << 20) {
		return errCopyTooLong
	}
	return nil
}
