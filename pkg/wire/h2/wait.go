package h2

import (
	"os"
	"sync"
	"time"
)

// wait is what one direction of a stream waits with. Its connection's mu guards it.
type wait struct {
	cond sync.Cond
	at   time.Time
	// sleeping counts those who wait with a bound, and place is where the alarm lists it as long as some do.
	sleeping, place int
}

func (w *wait) set(c *Conn, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.at = at
	w.cond.Broadcast()
}

// sleep waits to be woken, or returns os.ErrDeadlineExceeded. c.mu is held, but not meanwhile.
func (w *wait) sleep(c *Conn) error {
	if w.at.IsZero() {
		w.cond.Wait()
		return nil
	}
	now := time.Now()
	if !now.Before(w.at) {
		return os.ErrDeadlineExceeded
	}
	c.alarm.arm(c, w.at, now)
	if w.sleeping++; w.sleeping == 1 {
		w.place = len(c.alarm.sleepers)
		c.alarm.sleepers = append(c.alarm.sleepers, w)
	}
	w.cond.Wait()
	if w.sleeping--; w.sleeping == 0 {
		c.alarm.leave(w)
	}
	return nil
}

// alarm is the one timer of all streams of a connection. Most waits end long before their
// time, so it is left to ring for nothing now and then: that costs less than a timer
// for each stream. The connection's mu guards it.
type alarm struct {
	timer *time.Timer
	// at is when it rings, zero for never.
	at time.Time
	// sleepers are those that it may ring for, in no order.
	sleepers []*wait
}

// arm sees to it that it rings at that time, or earlier.
func (a *alarm) arm(c *Conn, at, now time.Time) {
	if !a.at.IsZero() && !a.at.After(at) {
		return
	}
	a.at = at
	if a.timer == nil {
		a.timer = time.AfterFunc(at.Sub(now), c.ring)
	} else {
		a.timer.Reset(at.Sub(now))
	}
}

// leave takes a sleeper from the list.
func (a *alarm) leave(w *wait) {
	last := len(a.sleepers) - 1
	a.sleepers[w.place] = a.sleepers[last]
	a.sleepers[w.place].place = w.place
	a.sleepers[last] = nil
	a.sleepers = a.sleepers[:last]
}

// stop ends the use of it.
func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}

// ring wakes all of which the time is over.
func (c *Conn) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.alarm.at = time.Time{}
	var next time.Time
	for _, w := range c.alarm.sleepers {
		switch {
		case w.at.IsZero(): // It was given more time, and is about to see that.
		case !now.Before(w.at):
			w.cond.Broadcast()
		case next.IsZero() || w.at.Before(next):
			next = w.at
		}
	}
	if !next.IsZero() && !c.closed {
		c.alarm.arm(c, next, now)
	}
}
