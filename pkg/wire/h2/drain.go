package h2

import (
	"encoding/binary"
	"time"
)

// drain is how a connection ends without losing a stream (RFC 9113 section
// 6.8): the first GOAWAY says that it ends and the PING behind it when the client
// has seen that; streams opened until then are served, and the second GOAWAY
// says which is the last of them. c.mu guards it.
type drain struct {
	// begun says that the first GOAWAY was queued, announced that the second was.
	begun, announced bool
	// finished says that nothing is left to be served.
	finished bool
	timer    *time.Timer
}

// drainPing is what the PING between the two says.
const drainPing = 0x736c756963652121

func (d *drain) seen(payload []byte) bool {
	return d.begun && !d.announced && binary.BigEndian.Uint64(payload) == drainPing
}

func (d *drain) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// Drain lets the connection end: the client is told to open no more streams,
// those that it has are served, then the connection is closed. Any goroutine may call it, any number of times.
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drain.begun || c.closed {
		return
	}
	c.drain.begun = true
	b := appendGoAway(c.begin(), maxStreamID, NoError)
	var data [8]byte
	binary.BigEndian.PutUint64(data[:], drainPing)
	c.out = appendPing(b, 0, data[:])
	// A client that does not answer is not waited for.
	c.drain.timer = time.AfterFunc(c.opts.DrainTimeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.announce()
	})
	c.kick()
}

// announce queues the second GOAWAY. c.mu is held.
func (c *Conn) announce() {
	if c.drain.announced || c.closed {
		return
	}
	c.drain.announced = true
	c.drain.stop()
	c.out = appendGoAway(c.begin(), c.lastID, NoError)
	c.kick()
	c.finishIfDrained()
}

// finishIfDrained ends reading once the last stream of a connection that
// drains has ended. c.mu is held.
func (c *Conn) finishIfDrained() {
	if !c.drain.announced || len(c.streams) > 0 || c.drain.finished || c.closed || c.opening {
		return
	}
	if c.client != nil && c.client.taken > 0 {
		return // They were promised.
	}
	c.drain.finished = true
	// It ends the wait for bytes. Where it fails, so did the wait.
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}
