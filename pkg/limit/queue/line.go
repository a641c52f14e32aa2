package queue

// waiter is a request that waits.
type waiter struct {
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

// take removes and returns the request that is next, nil where nobody waits.
func (l *line) take(o Order) *waiter {
	t := l.current
	if t == nil {
		return nil
	}
	w := t.oldest
	if o == LIFO {
		w = t.newest
	}
	l.current = t.then
	l.remove(w)
	return w
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
	most := l.current
	for t := most.then; t != l.current; t = t.then {
		if t.count > most.count {
			most = t
		}
	}
	if most.count < own+2 {
		return nil
	}
	w := most.newest
	l.remove(w)
	return w
}
