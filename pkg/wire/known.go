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

// knownBytes are the names as bytes; nobody writes to them.
var knownBytes = func() (b [knownEnd][]byte) {
	for k, name := range knownNames {
		b[k] = []byte(name)
	}
	return b
}()

// byLength lists the well-known names of each length: at most four have the same.
var byLength = func() (t [20][]Known) {
	for k := Other + 1; k < knownEnd; k++ {
		n := len(knownNames[k])
		t[n] = append(t[n], k)
	}
	return t
}()

// Lookup returns the well-known name that b is, without regard to case, or Other.
func Lookup(b []byte) Known { return lookup(b) }

func lookup[T string | []byte](b T) Known {
	if len(b) >= len(byLength) {
		return Other
	}
	for _, k := range byLength[len(b)] {
		// The first byte, folded roughly, rules out most of the few candidates.
		if (b[0]^knownNames[k][0])&^0x20 == 0 && equalFold(b, knownNames[k]) {
			return k
		}
	}
	return Other
}
