package wire

// Known is a field name that the proxy handles itself; 0 is any other.
type Known uint8

// The well-known names.
const (
	Other Known = iota
	Host
	Connection
	KeepAlive
	ProxyConnection
	TE
	Trailer
	TransferEncoding
	ContentLength
	Upgrade
	Expect
	Forwarded
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwardedPort
	XRealIP
	XRequestID
	Accept
	Authorization
	ContentType
	Cookie
	Date
	Location
	RetryAfter
	Server
	SetCookie
	UserAgent
	Via
	HTTP2Settings
	knownEnd
)

var knownNames = [knownEnd]string{
	Host: "Host", Connection: "Connection", KeepAlive: "Keep-Alive", ProxyConnection: "Proxy-Connection",
	TE: "TE", Trailer: "Trailer", TransferEncoding: "Transfer-Encoding", ContentLength: "Content-Length",
	Upgrade: "Upgrade", Expect: "Expect", Forwarded: "Forwarded", XForwardedFor: "X-Forwarded-For",
	XForwardedProto: "X-Forwarded-Proto", XForwardedHost: "X-Forwarded-Host", XForwardedPort: "X-Forwarded-Port",
	XRealIP: "X-Real-IP", XRequestID: "X-Request-Id", Accept: "Accept", Authorization: "Authorization",
	ContentType: "Content-Type", Cookie: "Cookie", Date: "Date", Location: "Location",
	RetryAfter: "Retry-After", Server: "Server", SetCookie: "Set-Cookie", UserAgent: "User-Agent", Via: "Via",
	HTTP2Settings: "HTTP2-Settings",
}

// String returns the name in its usual spelling.
func (k Known) String() string { return knownNames[k] }

// Lookup returns the well-known name that b is, without regard to case, or Other.
func Lookup(b []byte) Known {
	for k := Other + 1; k < knownEnd; k++ {
		if EqualName(b, knownNames[k]) {
			return k
		}
	}
	return Other
}
