package h2

import (
	"runtime"
	"sync"
	"time"
)

// output is the queue of frames that wait to be sent. The connection's mu guards it.
type output struct {
	// out is the queue, spare the buffer that was written last.
	out, spare []byte
	// writing says that some goroutine writes, and goes on as long as there is something.
	writing  bool
	writeErr error
	// deadline is what the connection was told last.
	deadline time.Time
	// turns are the streams that wait for room or for the connection's window, in the order of their coming.
	turns []*Stream
}

// queueSize is the size of the buffers that queues begin with.
const queueSize = 16 << 10

var queueBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, queueSize)
	return &b
}}

// begin returns the queue, to be appended to. c.mu is held.
func (c *Conn) begin() []byte {
	if c.out == nil {
		if c.spare != nil {
			c.out, c.spare = c.spare[:0], nil
		} else {
			c.out = (*queueBuffers.Get().(*[]byte))[:0]
		}
	}
	return c.out
}

// releaseOutput gives the buffers back. c.mu is held.
func (c *Conn) releaseOutput() {
	for _, b := range [...][]byte{c.out, c.spare} {
		if cap(b) == queueSize {
			queueBuffers.Put(&b)
		}
	}
	c.out, c.spare = nil, nil
}

// kick has what is queued sent by a goroutine of its own, for those who must not block. c.mu is held.
func (c *Conn) kick() {
	if len(c.out) == 0 || c.writing || c.closed {
		return
	}
	c.writing = true
	// The goroutine ends with the queue or with the connection, and end waits for it.
	go c.drainQueue()
}

func (c *Conn) drainQueue() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.out) > 0 && c.writeErr == nil {
		c.writeOnce()
		c.writing = true
	}
	c.writing = false
	c.quiet.Broadcast()
}

// flush sends what is queued. What others queue meanwhile goes to a goroutine. c.mu is held, but not meanwhile.
func (c *Conn) flush() {
	if len(c.out) == 0 || c.writing || c.closed {
		return
	}
	c.gather()
	c.writeOnce()
	c.kick()
}

// gather lets the streams that are ready to run queue theirs first, so that one
// call writes for all of them: it is the system calls that cost. c.mu is held, but not meanwhile.
func (c *Conn) gather() {
	if len(c.streams) < 2 {
		return
	}
	c.writing = true
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
}

// writeOnce writes the queue with one call. c.mu is held, but not meanwhile.
func (c *Conn) writeOnce() {
	c.writing = true
	b := c.out
	c.out = nil
	timeout := c.opts.WriteTimeout
	tell := false
	if !c.closed {
		if now := time.Now(); c.deadline.Sub(now) < timeout {
			c.deadline, tell = now.Add(timeout+timeout/16), true
		}
	}
	if tell {
		_ = c.nc.SetWriteDeadline(c.deadline) // Where it fails, so does the write.
	}
	c.mu.Unlock()
	_, err := c.nc.Write(b)
	c.mu.Lock()
	if c.spare == nil {
		c.spare = b[:0]
	}
	c.writing = false
	c.quiet.Broadcast()
	if err != nil {
		c.writeErr = err
		c.out = nil
		_ = c.nc.Close() // The goroutine that reads ends the rest.
	}
	c.nextTurn()
}

// nextTurn wakes the stream whose turn it is, if there is room for it. c.mu is held.
func (c *Conn) nextTurn() {
	if len(c.turns) > 0 && (c.writeErr != nil || c.sendWindow > 0 && len(c.out) < c.opts.MaxQueue) {
		c.turns[0].write.cond.Broadcast()
	}
}
