package ingress

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// tuning is what the annotations say of how requests are passed on. The zero value of each part
// that is not said is replaced by the process's own.
type tuning struct {
	timeouts ir.Timeouts
	maxBody  int64
	buffers  bool
	retry    ir.Retry
	// kept is what of a response may be kept for a slow client.
	kept ir.ResponseBuffer
}

// nginxTimeout is what ingress-nginx has for both proxy-read-timeout and proxy-send-timeout.
const nginxTimeout = 60 * time.Second

func (t *translation) readTuning() tuning {
	out := tuning{timeouts: t.Options.Timeouts, maxBody: t.Options.MaxBodyBytes}
	if d, said := t.seconds("proxy-connect-timeout"); said {
		out.timeouts.Connect = d
	}
	read, reads := t.seconds("proxy-read-timeout")
	send, sends := t.seconds("proxy-send-timeout")
	if reads || sends {
		// One bound stands for both directions, so that the longer one is never cut short.
		if !reads {
			read = nginxTimeout
		}
		if !sends {
			send = nginxTimeout
		}
		longer := max(read, send)
		out.timeouts.BackendRequest, out.timeouts.Idle, out.timeouts.TunnelIdle = longer, longer, longer
	}
	if n, said := t.size("proxy-body-size"); said {
		out.maxBody = n
	}
	out.buffers = t.onOff("proxy-request-buffering")
	out.retry = t.readRetry()
	out.kept = t.readResponseBuffer()
	return out
}

// seconds returns the value of an annotation that is a number of seconds above 0. One that is
// something else is reported and counts as not there.
func (t *translation) seconds(short string) (d time.Duration, said bool) {
	n, said := t.number(short, 1, 1<<22)
	return time.Duration(n) * time.Second, said
}

// number returns the value of an annotation that is a number within bounds. One that is
// something else is reported and counts as not there.
func (t *translation) number(short string, least, most int) (n int, said bool) {
	at, written := t.text(short)
	if written == "" {
		return 0, false
	}
	n, err := strconv.Atoi(written)
	if err != nil || n < least || n > most {
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no number between %d and %d, so it has no effect", written, least, most)
		return 0, false
	}
	return n, true
}

// size returns the value of an annotation that is a size. One that is something else is reported and counts
// as not there.
func (t *translation) size(short string) (n int64, said bool) {
	at, written := t.text(short)
	if written == "" {
		return 0, false
	}
	n, ok := nginxSize(written)
	if !ok {
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no size such as 8m, so it has no effect", written)
	}
	return n, ok
}

// nginxSize reads a size of nginx: bytes, or k, m or g of them.
func nginxSize(s string) (int64, bool) {
	s = strings.ToLower(s)
	shift := 0
	for _, unit := range []struct {
		suffix string
		shift  int
	}{{"b", 0}, {"k", 10}, {"m", 20}, {"g", 30}} {
		if digits, found := strings.CutSuffix(s, unit.suffix); found {
			s, shift = digits, unit.shift
			break
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return int64(n) << shift, err == nil
}

// maxTries stands for as many as there are endpoints.
const maxTries = 100

// readRetry reads proxy-next-upstream and proxy-next-upstream-tries; the zero value, where neither
// is there, is what Sluice does by itself.
func (t *translation) readRetry() ir.Retry {
	at, written := t.text("proxy-next-upstream")
	tries, counted := t.number("proxy-next-upstream-tries", 0, maxTries)
	within, bounded := t.number("proxy-next-upstream-timeout", 0, 1<<22)
	if written == "" && !counted && (!bounded || within == 0) {
		return ir.Retry{}
	}
	out := ir.Retry{Own: true, Attempts: 2, Within: time.Duration(within) * time.Second}
	switch {
	case counted && tries == 0:
		out.Attempts = maxTries
	case counted:
		out.Attempts = tries - 1
	}
	if written == "" {
		written = "error timeout"
	}
	for word := range strings.FieldsSeq(strings.ReplaceAll(written, ",", " ")) {
		switch word {
		case "error":
			out.OnConnect, out.OnReset = true, true
		case "timeout":
			out.OnTimeout = true
		case "invalid_header":
			out.OnReset = true
		case "http_500", "http_502", "http_503", "http_504", "http_403", "http_404", "http_429":
			status, _ := strconv.Atoi(word[len("http_"):])
			out.Statuses = append(out.Statuses, status)
		case "off":
			return ir.Retry{Own: true}
		case "non_idempotent":
			t.Facts.Warnf(t.origin, at.Field, report.Unsupported, "requests that may not be sent twice are never tried again, so non_idempotent has no effect")
		default:
			t.Facts.Warnf(t.origin, at.Field, report.Invalid, "%q is no condition for another try, so it has no effect", word)
		}
	}
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	return out
}

// settle gives a route that policies have gone over what the annotations say of it where no
// policy says something else.
func settle(route *ir.Route, timeouts ir.Timeouts, retry ir.Retry, kept ir.ResponseBuffer) {
	said := func(setting string) bool {
		return slices.ContainsFunc(route.Sources, func(s ir.Source) bool { return s.Setting == setting })
	}
	for _, one := range []struct {
		setting string
		into    *time.Duration
		own     time.Duration
	}{
		{"timeouts.connect", &route.Timeouts.Connect, timeouts.Connect},
		{"timeouts.backendRequest", &route.Timeouts.BackendRequest, timeouts.BackendRequest},
		{"timeouts.idle", &route.Timeouts.Idle, timeouts.Idle},
		{"timeouts.tunnelIdle", &route.Timeouts.TunnelIdle, timeouts.TunnelIdle},
	} {
		if !said(one.setting) {
			*one.into = one.own
		}
	}
	if !said("retry") {
		route.Retry = retry
	}
	if !said("bufferResponse") {
		route.BufferResponse = kept
	}
}

// readBandwidth reads limit-rate and limit-rate-after, in KiB.
func (t *translation) readBandwidth() *ir.Bandwidth {
	rate, said := t.number("limit-rate", 0, 1<<30)
	if !said || rate == 0 {
		return nil
	}
	after, _ := t.number("limit-rate-after", 0, 1<<30)
	return &ir.Bandwidth{ResponseBytesPerSecond: int64(rate) << 10, ResponseAfterBytes: int64(after) << 10}
}
