package ir

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Retry says when a request is tried again at another endpoint. Whatever it says,
// a request is tried again only as long as the client has got nothing, its body
// can be sent again, and either nothing of it was sent or its method is idempotent.
//
// The zero value is the rule of who wrote none: up to two more tries after
// connections that fail, or break before there is a response.
type Retry struct {
	// Own says that the route has a rule of its own; else all fields are zero.
	Own bool
	// Attempts is how many tries may follow the first.
	Attempts int
	// OnConnect is after connections that could not be made.
	OnConnect bool
	// OnReset is after connections that broke before there was a response.
	OnReset bool
	// OnTimeout is after tries that took too long.
	OnTimeout bool
	// Statuses is after responses with one of these statuses, sorted, each once. The
	// last try's is passed on.
	Statuses []int
	// PerTry bounds a try to its response's head, besides Timeouts.BackendRequest; 0: no bound.
	PerTry time.Duration
	// Backoff is waited before each further try; 0: none.
	Backoff time.Duration
	// Within bounds when further tries begin, from the head of the request on; 0: no bound.
	Within time.Duration
	// BudgetPercent bounds how many of an upstream's requests are further tries at
	// any moment; 0: no bound.
	BudgetPercent int
}

// words returns the words of a dump, none for the zero value.
func (r *Retry) words() []string {
	if !r.Own && r.equal(&Retry{}) {
		return nil
	}
	words := []string{"retry", "attempts=" + strconv.Itoa(r.Attempts)}
	if !r.Own {
		words = append(words, "not-own")
	}
	var on []string
	for _, c := range []struct {
		is   bool
		name string
	}{{r.OnConnect, "connect-failure"}, {r.OnReset, "reset"}, {r.OnTimeout, "timeout"}} {
		if c.is {
			on = append(on, c.name)
		}
	}
	for _, s := range r.Statuses {
		on = append(on, strconv.Itoa(s))
	}
	words = append(words, "on="+strings.Join(on, ","))
	if r.PerTry != 0 {
		words = append(words, "per-try="+r.PerTry.String())
	}
	if r.Backoff != 0 {
		words = append(words, "backoff="+r.Backoff.String())
	}
	if r.Within != 0 {
		words = append(words, "within="+r.Within.String())
	}
	if r.BudgetPercent != 0 {
		words = append(words, "budget="+strconv.Itoa(r.BudgetPercent)+"%")
	}
	return words
}

func (r *Retry) equal(o *Retry) bool {
	return r.Own == o.Own && r.Attempts == o.Attempts && r.OnConnect == o.OnConnect && r.OnReset == o.OnReset && r.OnTimeout == o.OnTimeout &&
		slices.Equal(r.Statuses, o.Statuses) && r.PerTry == o.PerTry && r.Backoff == o.Backoff && r.Within == o.Within && r.BudgetPercent == o.BudgetPercent
}

func (v *validator) retry(r *Retry) {
	v.check(r.Own || r.equal(&Retry{}), "a rule for retries that is not its own says something")
	v.check(r.Attempts >= 0, "the number of retries is negative")
	v.check(min(r.PerTry, r.Backoff, r.Within) >= 0, "a time of the retries is negative")
	v.check(r.BudgetPercent >= 0 && r.BudgetPercent <= 100, "the budget of retries is not between 0 and 100")
	for i, s := range r.Statuses {
		v.check(s >= 400 && s <= 599, "a status to retry after is not between 400 and 599")
		v.check(i == 0 || r.Statuses[i-1] < s, "the statuses to retry after are not sorted")
	}
}
