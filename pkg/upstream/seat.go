package upstream

import (
	"slices"

	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// PickBelow is PickFor among the endpoints that are not full. Endpoints in tried are left out as
// long as there is another one, full or not. It returns ErrFull where all that are left are full.
// full gets an *Endpoint.
func (p *Pool) PickBelow(ask Ask, full func(any) bool, tried ...*Endpoint) (*Endpoint, error) {
	list := p.list.Load()
	if len(list.serving) == 0 {
		return nil, ErrNoEndpoints
	}
	if e := p.ofSession(list, ask.Session, tried); e != nil && !full(e) {
		e.member.InFlight.Add(1)
		return e, nil
	}
	if !slices.ContainsFunc(list.serving, func(e *Endpoint) bool { return !slices.Contains(tried, e) }) {
		tried = nil
	}
	var room [16]*balance.Member
	skip := room[:0]
	for i, e := range list.serving {
		if slices.Contains(tried, e) || full(e) {
			skip = append(skip, list.members[i])
		}
	}
	if len(skip) == len(list.serving) {
		return nil, ErrFull
	}
	chosen := list.serving[p.choose(list, skip, ask)]
	chosen.member.InFlight.Add(1)
	return chosen, nil
}

// Watch calls f after each change of the endpoints that may be picked, until stop is called. Calls
// come from goroutines of their own, and may come late.
func (p *Pool) Watch(f func()) (stop func()) {
	p.registry.mu.Lock()
	defer p.registry.mu.Unlock()
	if p.watchers == nil {
		p.watchers = make(map[*func()]struct{})
	}
	key := &f
	p.watchers[key] = struct{}{}
	return func() {
		p.registry.mu.Lock()
		defer p.registry.mu.Unlock()
		delete(p.watchers, key)
	}
}

// use makes a list the one that is picked from. registry.mu is held.
func (p *Pool) use(l *list) {
	p.list.Store(l)
	for f := range p.watchers {
		go (*f)() // It may pick, and must not find the registry locked.
	}
}
