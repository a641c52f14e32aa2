package upstream

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

const (
	// maxCallTries bounds the endpoints that one call is tried on.
	maxCallTries = 3
	// maxCallInterim bounds the informational responses to a call.
	maxCallInterim = 8
)

// ErrReplyTooLong says that the body of a reply is longer than was asked for.
var ErrReplyTooLong = errors.New("the reply is too long")

// Reply is the response to a call, in memory of its own.
type Reply struct {
	// Head is the response's head.
	Head wire.Response
	// Body is all of its body.
	Body []byte
	// Trailer is empty where there is none.
	Trailer wire.Header
}

// callSide is what a call needs of a connection or a stream.
type callSide interface {
	WriteRequest(r *wire.Request) error
	WriteBody(p []byte) error
	FinishBody(trailer *wire.Header) error
	Flush() error
	ReadResponse(r *wire.Response, method []byte) error
	Body() wire.Body
	SetDeadline(at time.Time)
	Put()
	Close()
}

// Call sends a request of Sluice's own and returns the reply, all of it within bound. The
// request must be one that may be sent twice: it goes to another endpoint where no connection can be made,
// and again where one that had rested turns out to be dead. A body longer than maxBody is
// ErrReplyTooLong.
func (p *Pool) Call(req *wire.Request, body []byte, bound time.Duration, maxBody int) (*Reply, error) {
	deadline := time.Now().Add(bound)
	var tried []*Endpoint
	for {
		e, err := p.Pick(tried...)
		if err != nil {
			return nil, err
		}
		reply, again, err := p.callOne(e, req, body, deadline, maxBody)
		e.Done()
		tried = append(tried, e)
		if err == nil || !again || len(tried) == maxCallTries || !time.Now().Before(deadline) {
			return reply, err
		}
	}
}

// callOne asks one endpoint; again says that another may be asked.
func (p *Pool) callOne(e *Endpoint, req *wire.Request, body []byte, deadline time.Time, maxBody int) (reply *Reply, again bool, err error) {
	// The deadline ends it, and so does the registry's end: it closes connections.
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	for fresh := false; ; fresh = true {
		side, reused, err := p.callSide(ctx, e, time.Until(deadline), fresh)
		if err != nil {
			return nil, true, err
		}
		side.SetDeadline(deadline)
		reply, err = exchangeCall(side, req, body, maxBody)
		if err == nil {
			side.Put()
			return reply, false, nil
		}
		side.Close()
		switch {
		case errors.Is(err, h2.ErrRefused):
			return nil, true, err
		case !reused || fresh || !time.Now().Before(deadline):
			return nil, false, err
		}
	}
}

func (p *Pool) callSide(ctx context.Context, e *Endpoint, bound time.Duration, fresh bool) (side callSide, reused bool, err error) {
	switch {
	case p.Multiplexed():
		s, err := e.Stream(ctx, bound)
		return s, false, err
	case fresh:
		c, err := e.Dial(ctx, bound)
		return c, false, err
	}
	c, reused, err := e.Conn(ctx, bound)
	return c, reused, err
}

func exchangeCall(side callSide, req *wire.Request, body []byte, maxBody int) (*Reply, error) {
	if err := sendCall(side, req, body); err != nil {
		return nil, err
	}
	var head wire.Response
	for n := 0; ; n++ {
		if err := side.ReadResponse(&head, req.Method); err != nil {
			return nil, err
		}
		if head.Status >= 200 {
			break
		}
		if n == maxCallInterim {
			return nil, errors.New("too many informational responses")
		}
	}
	reply := &Reply{Head: head}
	// The head's bytes are in the connection's buffer, which the body will use.
	reply.Head.Header = wire.Header{}
	reply.Head.Header.CopyFrom(&head.Header)
	reply.Head.Upgrade = nil
	from := side.Body()
	if !head.NoBody {
		content, err := io.ReadAll(io.LimitReader(from, int64(maxBody)+1))
		switch {
		case err != nil:
			return nil, err
		case len(content) > maxBody:
			return nil, ErrReplyTooLong
		}
		reply.Body = content
	}
	if trailer := from.Trailer(); trailer != nil {
		reply.Trailer.CopyFrom(trailer)
	}
	return reply, nil
}

func sendCall(side callSide, req *wire.Request, body []byte) error {
	if err := side.WriteRequest(req); err != nil {
		return err
	}
	if len(body) > 0 {
		if err := side.WriteBody(body); err != nil {
			return err
		}
	}
	if err := side.FinishBody(nil); err != nil {
		return err
	}
	return side.Flush()
}
