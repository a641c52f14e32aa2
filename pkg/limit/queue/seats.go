package queue

// Seat is where a request runs, such as an endpoint; it must be comparable. A nil Seat is
// not counted.
type Seat = any

// Seats are what a request chooses its Seat from. The limiter's lock is held during calls,
// so that nothing in them may call the limiter.
type Seats interface {
	// Group names them: requests of one group choose among the same seats.
	Group() any
	// Take chooses a seat among those that are not full. False means that all are.
	Take(full func(Seat) bool) (Seat, bool)
}

// full says that a seat has as many requests as it may; mu is held.
func (l *Limiter) full(s Seat) bool { return s != nil && l.seats[s] >= l.limits.PerSeat }

// take takes a seat for a request, where there is a bound to it; mu is held.
func (l *Limiter) take(from Seats) (Seat, bool) {
	if from == nil || l.limits.PerSeat <= 0 {
		return nil, true
	}
	seat, ok := from.Take(l.isFull)
	if ok && seat != nil {
		if l.seats == nil {
			l.seats = make(map[Seat]int)
		}
		l.seats[seat]++
	}
	return seat, ok
}

// leave gives a seat back; mu is held.
func (l *Limiter) leave(seat Seat) {
	if seat == nil {
		return
	}
	if l.seats[seat]--; l.seats[seat] <= 0 {
		delete(l.seats, seat)
	}
}

// Recheck gives free slots to who waits, after there have come to be more seats.
func (l *Limiter) Recheck() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grant()
}

// next takes out the request that is next of those that have a seat to go to, nil where
// none has; mu is held.
func (l *Limiter) next() *waiter {
	var room [4]any
	blocked := room[:0]
	return l.lines.takeWhere(l.limits.Order, func(w *waiter) verdict {
		for _, group := range blocked {
			if group == w.group {
				return pass
			}
		}
		seat, ok := l.take(w.seats)
		if ok {
			w.seat = seat
			return take
		}
		if blocked = append(blocked, w.group); len(blocked) == len(l.lines.groups) {
			return stop // Whoever waits, waits for the same.
		}
		return pass
	})
}
