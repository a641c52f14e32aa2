package proxy

import (
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Codes of gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
const (
	grpcUnknown           = 2
	grpcDeadlineExceeded  = 4
	grpcPermissionDenied  = 7
	grpcResourceExhausted = 8
	grpcUnimplemented     = 12
	grpcInternal          = 13
	grpcUnavailable       = 14
	grpcUnauthenticated   = 16
)

// grpcCode returns the code that stands for a status of HTTP: what gRPC's "HTTP to gRPC
// Status Code Mapping" says, and where that says UNKNOWN or UNAVAILABLE for what the
// proxy knows better, the code that a server of gRPC would give.
func grpcCode(status int) int {
	switch status {
	case 400, 500:
		return grpcInternal
	case 401:
		return grpcUnauthenticated
	case 403:
		return grpcPermissionDenied
	case 404, 405, 501:
		return grpcUnimplemented
	case 408, 504:
		return grpcDeadlineExceeded
	case 413, 414, 431:
		return grpcResourceExhausted
	case 421, 429, 502, 503:
		return grpcUnavailable
	}
	return grpcUnknown
}

var (
	nameGRPCStatus  = []byte("grpc-status")
	nameGRPCMessage = []byte("grpc-message")
	typeGRPC        = []byte("application/grpc")
)

// speaksGRPC says that the client understands answers of gRPC alone. Over HTTP/1.1
// there is no gRPC; gRPC-Web is another type.
func (x *exchange) speaksGRPC() bool {
	if x.version != wire.HTTP2 && x.version != wire.HTTP3 {
		return false
	}
	v := x.req.Header.GetKnown(wire.ContentType)
	n := len(typeGRPC)
	return len(v) >= n && wire.EqualFold(v[:n], typeGRPC) && (len(v) == n || v[n] == '+' || v[n] == ';')
}

// answerGRPC makes an answer of our own with that status of HTTP one of gRPC: a trailers-only
// response (gRPC over HTTP2, section "Responses"). Log and metrics keep the status.
func (x *exchange) answerGRPC(status int, reason string) {
	r := &x.resp
	r.Status, r.Length, r.NoBody = 200, 0, true
	r.Header.DelKnown(wire.ContentType)
	r.Header.AppendAlias(wire.Field{Name: nameContentType, Value: typeGRPC, Known: wire.ContentType})
	start := len(x.arena)
	x.arena = appendInt(x.arena, int64(grpcCode(status)))
	r.Header.AppendAlias(wire.Field{Name: nameGRPCStatus, Value: x.arena[start:len(x.arena):len(x.arena)]})
	start = len(x.arena)
	x.arena = append(x.arena, wire.StatusText(status)...)
	if x.tellsReason(reason) {
		x.arena = append(x.arena, ": "...)
		x.arena = appendPercent(x.arena, reason)
	}
	r.Header.AppendAlias(wire.Field{Name: nameGRPCMessage, Value: x.arena[start:len(x.arena):len(x.arena)]})
}

// endGRPC ends a response of gRPC that failed after its head with the trailer that says so; false
// means that it must be cut off.
func (x *exchange) endGRPC(f *fault) bool {
	if f.side == ofClient || !x.speaksGRPC() {
		return false
	}
	code := grpcUnavailable
	if f.reason == faultRequestSlow.reason || f == faultResponseStall {
		code = grpcDeadlineExceeded
	}
	var trailer wire.Header
	trailer.Add("grpc-status", strconv.AppendInt(nil, int64(code), 10))
	trailer.Add("grpc-message", appendPercent(nil, f.reason))
	// The exchange's time may be over, and with it that of what is written.
	x.down.awaitWrite(time.Now(), x.proxy.timeouts.Write, time.Time{})
	return x.down.finish(&trailer) == nil
}

// appendPercent appends a text as Percent-Encoded of "gRPC over HTTP2" says.
func appendPercent(b []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '%' {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// grpcTimeout is the time that the client of a gRPC request gives it. What is no
// timeout by the grammar is left to the endpoint, which gets it in any case.
func (x *exchange) grpcTimeout() (d time.Duration, ok bool) {
	if !x.speaksGRPC() {
		return 0, false
	}
	return parseGRPCTimeout(x.req.Header.Get("grpc-timeout"))
}

// parseGRPCTimeout parses Timeout of "gRPC over HTTP2": at most eight digits and a unit.
func parseGRPCTimeout(v []byte) (d time.Duration, ok bool) {
	if len(v) < 2 || len(v) > 9 {
		return 0, false
	}
	unit := grpcUnit(v[len(v)-1])
	for _, c := range v[:len(v)-1] {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(v[:len(v)-1]), 10, 64)
	if err != nil || unit == 0 {
		return 0, false
	}
	if n > int64(maxDuration/unit) {
		return maxDuration, true
	}
	return time.Duration(n) * unit, true
}

// maxDuration is about 292 years; ninety-nine million hours are more.
const maxDuration = time.Duration(1<<63 - 1)

func grpcUnit(c byte) time.Duration {
	switch c {
	case 'H':
		return time.Hour
	case 'M':
		return time.Minute
	case 'S':
		return time.Second
	case 'm':
		return time.Millisecond
	case 'u':
		return time.Microsecond
	case 'n':
		return time.Nanosecond
	}
	return 0
}
