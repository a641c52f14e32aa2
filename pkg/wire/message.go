package wire

// Version is the HTTP version of a message.
type Version uint8

const (
	// HTTP11 is HTTP/1.1 (RFC 9112).
	HTTP11 Version = iota
	// HTTP10 is HTTP/1.0 (RFC 1945).
	HTTP10
	// HTTP2 is HTTP/2 (RFC 9113).
	HTTP2
	// HTTP3 is HTTP/3 (RFC 9114).
	HTTP3
)

// String returns the version as an access log writes it.
func (v Version) String() string {
	switch v {
	case HTTP11:
		return "HTTP/1.1"
	case HTTP10:
		return "HTTP/1.0"
	case HTTP2:
		return "HTTP/2"
	case HTTP3:
		return "HTTP/3"
	}
	return "HTTP"
}

// UnknownLength is the Length of a body whose end is told by its framing: by
// the last chunk, the end of the stream or the end of the connection.
const UnknownLength = -1

// Request is the head of a request. Framing and connection fields
// (Content-Length, Transfer-Encoding, Connection and what it names, Keep-Alive,
// Proxy-Connection, TE, Trailer, Upgrade, Expect) are taken out of Header by the codec and
// stand in the fields below; a codec that writes makes its own from them.
// Host is taken out of Header as well.
type Request struct {
	// Method is as received, such as GET.
	Method []byte
	// Authority is the host with its optional port, from the target's
	// absolute form, :authority or Host (RFC 9110 section 7.2); empty only for
	// HTTP/1.0 without Host.
	Authority []byte
	// Path is the path as received, still encoded; it begins with "/", or is
	// "*" for the asterisk form, or empty for CONNECT.
	Path []byte
	// Query is what stands behind "?", without it.
	Query []byte
	// HasQuery tells "/a?" from "/a".
	HasQuery bool
	Version  Version
	Header   Header
	// Length is the body's length in bytes, or UnknownLength. 0 means no body.
	Length int64
	// Close says that the client wants the connection closed after the response.
	Close bool
	// Upgrade is the protocol that Connection: Upgrade asks for; empty without.
	Upgrade []byte
	// HTTP2Settings is what an Upgrade to h2c comes with (RFC 7540 section 3.2.1), in
	// base64; empty unless the codec was told to look for that.
	HTTP2Settings []byte
	// ExpectContinue says that the client waits for 100 before it sends the body.
	ExpectContinue bool
	// TrailersAccepted says that TE named "trailers".
	TrailersAccepted bool
}

// Reset empties the request and keeps its memory.
func (r *Request) Reset() {
	h := r.Header
	h.Reset()
	*r = Request{Header: h}
}

// Response is the head of a response; the same fields as in Request are taken out of Header.
type Response struct {
	// Status is between 100 and 999.
	Status  int
	Version Version
	Header  Header
	// Length is the body's length in bytes, or UnknownLength. For answers to
	// HEAD, and 304, it is what the field said, though no body follows (NoBody).
	Length int64
	// NoBody says that no body follows whatever Length is: answers to HEAD, 1xx,
	// 204, 304 (RFC 9112 section 6.3).
	NoBody bool
	// Close says that the sender closes the connection after the response.
	Close bool
	// Upgrade is the protocol switched to, with status 101.
	Upgrade []byte
}

// Reset empties the response and keeps its memory.
func (r *Response) Reset() {
	h := r.Header
	h.Reset()
	*r = Response{Header: h}
}

// Body is the content of one message, read by one goroutine.
type Body interface {
	// Read fills p as io.Reader does: io.EOF after the last byte of a complete
	// body; any other error means that the body is incomplete.
	Read(p []byte) (int, error)
	// Trailer returns the trailer fields after Read has returned io.EOF, nil
	// where there are none. Fields that may not stand in a trailer (framing,
	// routing, authentication: RFC 9110 section 6.5.1) have been left out.
	Trailer() *Header
}
