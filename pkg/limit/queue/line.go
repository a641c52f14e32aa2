package queue

// waiter is a request that waits.
type waiter struct {
	// class is below Classes; seats and group are what it chooses its seat from.
	class int
	seats Seats
	group any
	// seat is the one that it got.
	seat       Seat
	turn       *turn
	prev, next *waiter
	// decided is closed when outcome is set, which the limiter's lock guards.
	decided chan struct{}
	outcome Outcome
}

// turn is one client's place in the ring of those who wait, with its requests
// from the oldest to the newest.
type turn struct {
	client       string
	oldest       *waiter
	newest       *waiter
	count        int
	before, then *turn
}

// line is the waiting room: a ring of clients, each with a list of requests. The
// zero value is empty. Nothing in it locks or looks at a clock.
type line struct {
	// current is the client whose turn is next, nil where nobody waits.
	current *turn
	clients map[string]*turn
	count   int
}

// add puts a request behind those of its client; a new client comes last.
func (l *line) add(client string, w *waiter) {
	t := l.clients[client]
	if t == nil {
		t = &turn{client: client}
		if l.clients == nil {
			l.clients = make(map[string]*turn)
		}
		l.clients[client] = t
		l.enter(t)
	}
	w.turn, w.prev = t, t.newest
	if t.newest == nil {
		t.oldest = w
	} else {
		t.newest.next = w
	}
	t.newest = w
	t.count++
	l.count++
}

// enter puts a client at the end of the ring, which is before the current one.
func (l *line) enter(t *turn) {
	if l.current == nil {
		t.before, t.then = t, t
		l.current = t
		return
	}
	last := l.current.before
	t.before, t.then = last, l.current
	last.then, l.current.before = t, t
}

// verdict is what becomes of a request that is looked at.
type verdict uint8

const (
	// pass leaves it where it is.
	pass verdict = iota
	// take takes it out.
	take
	// stop ends the search.
	stop
)

// takeWhere looks at requests in turn, each client's in their order, and removes and returns the
// first that is to be taken. The turn then is with the next client. Without one, the turn stays.
func (l *line) takeWhere(o Order, judge func(*waiter) verdict) *waiter {
	t := l.current
	for t != nil {
		for w := t.first(o); w != nil; w = w.after(o) {
			switch judge(w) {
			case take:
				l.current = t.then
				l.remove(w)
				return w
			case stop:
				return nil
			case pass:
			}
		}
		if t = t.then; t == l.current {
			return nil
		}
	}
	return nil
}

// first returns the client's request that is served first, and after the one behind another.
func (t *turn) first(o Order) *waiter {
	if o == LIFO {
		return t.newest
	}
	return t.oldest
}

func (w *waiter) after(o Order) *waiter {
	if o == LIFO {
		return w.prev
	}
	return w.next
}

// remove takes a request out, wherever it stands.
func (l *line) remove(w *waiter) {
	t := w.turn
	if w.prev == nil {
		t.oldest = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		t.newest = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.turn, w.prev, w.next = nil, nil, nil
	t.count--
	l.count--
	if t.count > 0 {
		return
	}
	delete(l.clients, t.client)
	t.before.then, t.then.before = t.then, t.before
	if l.current == t {
		l.current = t.then
	}
	if l.count == 0 {
		l.current = nil
	}
}

// displace removes and returns the newest request of the client that has the
// most, if that makes room for one that will still have fewer than it; else nil.
// It is called only where the line is full, so it may look at every client.
func (l *line) displace(client string) *waiter {
	if l.current == nil {
		return nil
	}
	own := 0
	if t := l.clients[client]; t != nil {
		own = t.count
	}
	most := l.most()
	if most.count < own+2 {
		return nil
	}
	w := most.newest
	l.remove(w)
	return w
}

// newestOfMost removes and returns the newest request of the client that has the most, nil where
// nobody waits.
func (l *line) newestOfMost() *waiter {
	if l.current == nil {
		return nil
	}
	w := l.most().newest
	l.remove(w)
	return w
}

// most returns the client that has the most requests. Somebody must wait.
func (l *line) most() *turn {
	most := l.current
	for t := most.then; t != l.current; t = t.then {
		if t.count > most.count {
			most = t
		}
	}
	return most
}
