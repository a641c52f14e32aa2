package queue

// Classes is how many classes of requests there are. Class 0 is served first.
const Classes = 9

// lines are a line for each class. The zero value is empty.
type lines struct {
	classes [Classes]line
	count   int
	// groups counts the waiting requests by what they choose their seats from.
	groups map[any]int
}

// add puts a request behind those of its class and client.
func (l *lines) add(client string, w *waiter) {
	l.classes[w.class].add(client, w)
	l.count++
	if l.groups == nil {
		l.groups = make(map[any]int)
	}
	l.groups[w.group]++
}

// remove takes a request out, wherever it stands.
func (l *lines) remove(w *waiter) {
	l.classes[w.class].remove(w)
	l.removed(w)
}

func (l *lines) removed(w *waiter) {
	l.count--
	if l.groups[w.group]--; l.groups[w.group] == 0 {
		delete(l.groups, w.group)
	}
}

// takeWhere removes and returns the first request that is to be taken, by class, nil
// where there is none.
func (l *lines) takeWhere(o Order, judge func(*waiter) verdict) *waiter {
	stopped := false
	for class := range l.classes {
		w := l.classes[class].takeWhere(o, func(w *waiter) verdict {
			v := judge(w)
			stopped = v == stop
			return v
		})
		if w != nil {
			l.removed(w)
		}
		if w != nil || stopped {
			return w
		}
	}
	return nil
}

// displace removes and returns a request that makes room for one of a class and client: the
// newest of the lowest class below its own, of the client that has the most there; where there
// is none such, one of its own class by line.displace; else nil.
func (l *lines) displace(class int, client string) *waiter {
	var w *waiter
	for below := Classes - 1; below > class && w == nil; below-- {
		w = l.classes[below].newestOfMost()
	}
	if w == nil {
		w = l.classes[class].displace(client)
	}
	if w != nil {
		l.removed(w)
	}
	return w
}
