package proxy

import (
	"errors"
	"io"
	"time"

	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// maxInterim bounds the informational responses to one request.
const maxInterim = 32

// sparingRoom is the room below which a client is taken for one that reads slowly.
const sparingRoom = 16 << 10

// receive reads the response and relays it. Nothing has been answered if the
// fault that it returns has a status and no head was sent.
func (x *exchange) receive() *fault {
	if f := x.receiveHead(); f != nil {
		return f
	}
	x.timeAnswer()
	if x.resp.Status != 101 && x.retriesStatus() {
		return faultRetryStatus
	}
	x.tellCircuit()
	if x.resp.Status == 101 {
		return x.switchProtocols()
	}
	if x.page(x.resp.Status, false) != nil {
		return faultReplaced
	}
	kept := x.keepsResponse() // What the endpoint says counts, whatever filters make of it.
	if f := x.sendHead(); f != nil {
		return f
	}
	if kept && !x.up.BodyDone() {
		return x.takeAhead()
	}
	return x.relayBody()
}

// receiveHead reads the head of the final response, and relays those before it.
func (x *exchange) receiveHead() *fault {
	if up, plain := x.up.(*upstream.Conn); plain && x.down.room() < sparingRoom {
		up.ReadSparingly()
	}
	for range maxInterim {
		if err := x.up.ReadResponse(&x.resp, x.req.Method); err != nil {
			return x.ofReceive(err)
		}
		switch {
		case x.resp.Status >= 200:
			x.headAt = time.Now()
			return nil
		case x.resp.Status == 101:
			x.headAt = time.Now()
			return nil
		case x.resp.Status == 100:
			continue // We have answered the client's Expect ourselves.
		}
		x.interim = true
		x.down.awaitWrite(time.Now(), x.proxy.timeouts.Write, x.deadline)
		if err := x.down.writeInterim(&x.resp); err != nil {
			return ofClientWrite(err)
		}
	}
	return faultInterim
}

// ofReceive tells why there is no response: the cause may be that the rest of the request failed to come.
func (x *exchange) ofReceive(err error) *fault {
	if f := x.body.failure(x); f != nil {
		return f
	}
	f := ofResponse(err)
	switch {
	case f == faultEndpointSlow:
		return x.late(f)
	case f == faultEndpointClosed && x.partOfHead():
		return faultEndpointBroken // It closed in the middle of a head.
	}
	return f
}

// sendHead passes the response's head on.
func (x *exchange) sendHead() *fault {
	if !x.paged {
		x.filterEndpoint()
	}
	x.proxy.addVia(&x.resp.Header, x.resp.Version)
	x.tellVersion()
	x.stick()
	x.filterResponse()
	x.advertise()
	if x.resp.Header.GetKnown(wire.Date) == nil {
		// RFC 9110 section 6.6.1: a recipient with a clock adds what is missing.
		x.resp.Header.AppendAlias(wire.Field{Name: nameDate, Value: x.proxy.date.at(x.headAt), Known: wire.Date})
	}
	x.out.begin()
	endpointCloses := x.resp.Close
	// An endpoint that closes before it has all of the request leaves a client
	// that goes on sending it.
	x.resp.Close = endpointCloses && x.body.streams && !x.body.finished() || x.paged && x.leavesConnection()
	x.down.awaitWrite(x.headAt, x.proxy.timeouts.Write, x.deadline)
	x.headSent, x.status = true, x.resp.Status
	err := x.down.writeHead(&x.resp)
	x.resp.Close = endpointCloses
	if err != nil {
		x.headSent, x.status = false, 0
		return ofClientWrite(err)
	}
	return nil
}

// relayBody passes the response's body on.
func (x *exchange) relayBody() *fault {
	if x.up.BodyDone() {
		return x.finishResponse(x.up.Body().Trailer())
	}
	client := x.down.codec()
	if up, plain := x.up.(*upstream.Conn); plain && client != nil && x.out.direct() {
		n, readErr, writeErr := h1.CopyBody(client, up.Conn, x.renew)
		x.bytesOut += n
		switch {
		case readErr != nil:
			return x.ofRelay(readErr)
		case writeErr != nil:
			return ofClientWrite(writeErr)
		}
		return x.finishResponse(x.up.Body().Trailer())
	}
	return x.copyBody()
}

// copyBody is relayBody where one side does not speak HTTP/1.1, or the content does not pass as
// it is.
func (x *exchange) copyBody() *fault {
	buf := adaptiveBuffer{of: &x.conn.large} // A stream of an endpoint may be silent for long.
	defer buf.release()
	body := x.up.Body()
	for {
		if x.up.BodyBuffered() == 0 && !x.up.BodyDone() {
			if err := x.out.flush(); err != nil {
				return ofClientWrite(err)
			}
			x.renewResponse()
		}
		p := buf.get(x.down.room())
		n, err := body.Read(p)
		if n > 0 {
			if err := x.out.write(p[:n]); err != nil {
				return ofClientWrite(err)
			}
		}
		buf.adapt(n)
		if errors.Is(err, io.EOF) {
			return x.finishResponse(body.Trailer())
		}
		if err != nil {
			return x.ofRelay(err)
		}
	}
}

func (x *exchange) ofRelay(err error) *fault {
	if f := x.body.failure(x); f != nil {
		return f
	}
	f := ofResponseBody(err)
	if f == faultResponseStall && x.overdue() {
		return &fault{reason: faultRequestSlow.reason, side: ofEndpoint}
	}
	return f
}

func (x *exchange) finishResponse(trailer *wire.Header) *fault {
	if err := x.out.finish(trailer); err != nil {
		return ofClientWrite(err)
	}
	return nil
}

// renewResponse renews the deadlines ahead of a read of the response's body
// that may block.
func (x *exchange) renewResponse() {
	now := time.Now()
	x.down.awaitWrite(now, x.proxy.timeouts.Write, x.deadline)
	x.renewEndpoint(now)
}

// renewEndpoint is renewResponse without what the client's side is told.
func (x *exchange) renewEndpoint(now time.Time) {
	x.body.keepAwake(x, now)
	idle := x.route.Timeouts.Idle
	if at, tell := x.body.upRead.after(now, idle, x.deadline); tell {
		x.up.SetReadDeadline(at)
		if x.body.failedFirst.Load() {
			x.up.SetReadDeadline(past) // The pump notes that before it cuts, so one of the two cuts last.
		}
	}
}
