package accesslog

import (
	"net/netip"
	"time"
)

// Entry is one exchange. Fields that are empty are left out of the line, apart from
// those that every exchange has: time, client, method, host, path, protocol,
// status, bytes and duration.
type Entry struct {
	// Time is when the request's first byte came.
	Time time.Time
	// Client is the client's address, after trusted proxies were taken into account.
	Client netip.AddrPort
	// Method, Host and Path are as received.
	Method, Host, Path []byte
	// Query stands behind the path and a "?" where HasQuery is set.
	Query    []byte
	HasQuery bool
	// Protocol is "HTTP/1.1" or the like.
	Protocol string
	// TLS is the TLS version, such as "1.3"; empty in clear text.
	TLS string
	// Status is what the client got; 0 where it got nothing.
	Status int
	// BytesIn and BytesOut count the bodies.
	BytesIn, BytesOut int64
	// Duration is from the first byte of the request to the last of the response.
	Duration time.Duration
	// Upstream is the address of the endpoint that was tried last.
	Upstream string
	// UpstreamKey is the key of its pool.
	UpstreamKey string
	// Version is that of the back end, empty where requests name none.
	Version string
	// FirstByte is from the start of the last try to the response's head;
	// UpstreamDuration is to its last byte.
	FirstByte, UpstreamDuration time.Duration
	// Route is the route's ID, Origin the object that wrote it, as Kind/Namespace/Name.
	Route, Origin string
	// RequestID is the value of X-Request-Id.
	RequestID []byte
	// Principal is who the client has proved to be to a filter.
	Principal []byte
	// UserAgent and Referer are as received.
	UserAgent, Referer []byte
	// Reason says why Sluice itself answered, or why the exchange broke off.
	Reason string
	// Fault says whose fault that was: "downstream", "upstream" or "internal".
	Fault string
	// Retries is how many tries there were beyond the first.
	Retries int
}
