package ingress

import (
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// maxRate bounds limits, and their bursts.
const maxRate = 1_000_000

// burstMultiplier is the default of limit-burst-multiplier.
const burstMultiplier = 5

// readLimits reads limit-*: what each client address may send. All routes of the object count
// together, and what is too much is answered 503, as by ingress-nginx.
func (t *translation) readLimits(set *settings) []ir.Filter {
	rps, perSecond := t.bound("limit-rps", set)
	rpm, perMinute := t.bound("limit-rpm", set)
	connections, active := t.bound("limit-connections", set)
	if !perSecond && !perMinute && !active {
		return nil
	}
	at, list := t.text("limit-allowlist")
	if list == "" {
		at, list = t.text("limit-whitelist")
	}
	exempt := t.networks(list, at, set)
	multiplier := burstMultiplier
	if n, said := t.number("limit-burst-multiplier", 1, maxRate); said {
		multiplier = n
	}
	rate := func(name string, n int, per time.Duration) ir.Filter {
		// nginx lets one request pass besides the burst.
		return &ir.RateLimit{
			Key: t.id(name), Requests: n, Per: per, Burst: min(n*multiplier, maxRate) + 1,
			By: ir.RateByClientAddress, Exempt: exempt, Unavailable: true,
		}
	}
	var filters []ir.Filter
	if active {
		filters = append(filters, &ir.ActiveLimit{Key: t.id("limit-connections"), MaxActive: connections, Exempt: exempt})
	}
	if perSecond {
		filters = append(filters, rate("limit-rps", rps, time.Second))
	}
	if perMinute {
		filters = append(filters, rate("limit-rpm", rpm, time.Minute))
	}
	return filters
}

// bound returns the value of a limit; 0 is none. One that cannot be read closes the object, as what it
// would have protected must not be open.
func (t *translation) bound(short string, set *settings) (n int, said bool) {
	at, written := t.text(short)
	if written == "" || written == "0" {
		return 0, false
	}
	n, err := strconv.Atoi(written)
	if err != nil || n < 1 || n > maxRate {
		t.close(set, at, report.Invalid, "\""+written+"\" is no limit between 1 and 1000000")
		return 0, false
	}
	return n, true
}
