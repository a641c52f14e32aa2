package ir

import (
	"strconv"
	"strings"
	"time"
)

// Health says how the endpoints of an upstream are judged besides what their set says. The
// zero value believes the set.
type Health struct {
	// Passive judges them by the requests that they serve.
	Passive Passive
	// Active judges them by probes.
	Active Active
	// PanicPercent is how many of the endpoints must be in service at least, between 0 and 100:
	// where fewer are, all of them serve. With 0 they do where none is.
	PanicPercent int
}

// Passive ejects endpoints at which requests fail. The zero value ejects none.
type Passive struct {
	// Failures is after how many failed tries in a row: connections that cannot be made or
	// break, responses that are late or invalid, and those with one of Statuses. 0 ejects none,
	// and the other fields are zero.
	Failures int
	// EjectFor is for how long the first time; each time in a row it is longer by that, up to ten
	// times.
	EjectFor time.Duration
	// MaxPercent is how many of the endpoints may be out at once, between 1 and 100; one may
	// in any case.
	MaxPercent int
	// Statuses are those of responses that count as failures, in ascending order, apart.
	Statuses []StatusRange
}

// StatusRange is the statuses from From to To, both included.
type StatusRange struct{ From, To int }

// String returns the statuses as "503" or "500-599".
func (r StatusRange) String() string {
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return strconv.Itoa(r.From) + "-" + strconv.Itoa(r.To)
}

// Has says whether one of some ranges has a status.
func (h *Passive) Has(status int) bool { return inRanges(h.Statuses, status) }

func inRanges(ranges []StatusRange, status int) bool {
	for _, r := range ranges {
		if status >= r.From && status <= r.To {
			return true
		}
	}
	return false
}

func rangesString(ranges []StatusRange) string {
	words := make([]string, len(ranges))
	for i, r := range ranges {
		words[i] = r.String()
	}
	return strings.Join(words, ",")
}

// IsZero says that the set is believed.
func (h *Health) IsZero() bool { return h.String() == "" }

// String returns what is set as one line, nothing for the zero value. Two are the same
// where their lines are.
func (h *Health) String() string {
	var words []string
	if p := &h.Passive; p.Failures != 0 || p.EjectFor != 0 || p.MaxPercent != 0 || len(p.Statuses) > 0 {
		words = append(words, "eject-after="+strconv.Itoa(p.Failures), "for="+p.EjectFor.String(), "max="+strconv.Itoa(p.MaxPercent)+"%")
		if len(p.Statuses) > 0 {
			words = append(words, "statuses="+rangesString(p.Statuses))
		}
	}
	words = append(words, h.Active.words()...)
	if h.PanicPercent != 0 {
		words = append(words, "panic="+strconv.Itoa(h.PanicPercent)+"%")
	}
	return strings.Join(words, " ")
}

func (v *validator) health(h *Health) {
	v.passive(&h.Passive)
	v.active(&h.Active)
	v.check(h.PanicPercent >= 0 && h.PanicPercent <= 100, "how many endpoints must be in service is not between 0 and 100 percent")
}

func (v *validator) passive(p *Passive) {
	if p.Failures == 0 {
		v.check(p.EjectFor == 0 && p.MaxPercent == 0 && len(p.Statuses) == 0, "an ejection after no failures says something")
		return
	}
	v.check(p.Failures > 0, "the failures before an ejection are negative")
	v.check(p.EjectFor > 0, "the time of an ejection is not positive")
	v.check(p.MaxPercent >= 1 && p.MaxPercent <= 100, "how many may be ejected is not between 1 and 100 percent")
	v.statuses(p.Statuses, "the statuses that count as failures")
}

func (v *validator) statuses(ranges []StatusRange, what string) {
	for i, r := range ranges {
		v.check(r.From >= 100 && r.To <= 599 && r.From <= r.To, what+" are not between 100 and 599")
		v.check(i == 0 || ranges[i-1].To < r.From, what+" are not in order")
	}
}
