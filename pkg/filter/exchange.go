package filter

import (
	"errors"
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Exchange is what filters see of one request and its response. It is valid
// only while the filter is called.
type Exchange struct {
	// Request is the head that will be sent to the endpoint. What a filter makes of
	// Path is normalised again before it is used, and 400 is answered where it cannot be.
	Request *wire.Request
	// Response is the head that will be sent to the client; nil in the phases before it.
	Response *wire.Response
	// Client is the client's address, after trusted proxies were taken into account.
	Client netip.AddrPort
	// Secure says that the client came over TLS.
	Secure bool
	// Host is the request's host as it came, lower case, without port and final dot.
	Host []byte
	// Path is the request's normalised path as it came, which the route was chosen by.
	Path []byte
	// Authority is the request's host as it came, with its port.
	Authority []byte
	// Original is the target of the request as it came: its path and query.
	Original []byte
	// Status is that of the answer, 0 in phases before it; where an error page is made it is
	// the one that the page replaces.
	Status int
	// Port is the port that the client asks on, as far as it is known: that of the
	// listener, of the Host field, or the scheme's.
	Port uint16
	// RequestID is the value of X-Request-Id.
	RequestID []byte
	// Route is the ID of the route.
	Route string
	// Version is that of the back end, empty before it was chosen and where it has none.
	Version string
	// ServerName is the name that the client asked for by TLS (SNI), empty without.
	ServerName string
	// Subject is the distinguished name of the client's certificate, empty without one that was checked.
	Subject string
	// Issuer is the distinguished name of who issued that certificate, and Certificate the
	// certificate itself in DER form; both are empty without one.
	Issuer      string
	Certificate []byte
	// ClientAuth is the ID of the ir.ClientAuth under which the client's certificate was checked,
	// empty where none was asked for.
	ClientAuth string
	// AcceptEncoding is the request's field as it came, its lines as one list; it is set where
	// a filter of the route, or of the backend that was chosen, acts on content.
	AcceptEncoding []byte
	// MaxBodyBytes bounds the request's body, 0 for no bound. A filter of the request's
	// head may lower it.
	MaxBodyBytes int64
	// RequestRate and ResponseRate bound how fast the bodies move. A filter of the
	// request's head may lower them.
	RequestRate, ResponseRate Rate
	// Scratch is room for bytes that live as long as the exchange: filters append to
	// it and store it back.
	Scratch []byte
	// Principal is who the client has proved to be, by a filter before; nil where nobody asked.
	// It must not be changed, and lives as long as the exchange.
	Principal []byte
	// Claims are those of the client's token, nil where none was verified.
	Claims *Claims
	// Later are fields that the response gets besides, whoever gives it.
	Later []LaterField
	// Held is what the exchange holds for filters, and gives back when it is over.
	Held []Held
	// Body reads the request's body, which goes to the endpoint all the same, and returns
	// it. It is valid as long as the exchange. See ErrBodyTooLong.
	Body func(limit int) ([]byte, error)
	// Wait lets time pass; false means that the exchange should end, as its client has
	// gone or the process ends.
	Wait func(time.Duration) bool
}

// Held is something that is given back when an exchange is over.
type Held interface {
	// Leave gives it back. It is called once, and must not block.
	Leave()
}

// ErrBodyTooLong says that a body is longer than the limit that it was asked for with. No
// part of it is returned, and the exchange cannot go on.
var ErrBodyTooLong = errors.New("the body is longer than it may be")

// LaterField is a field for the response.
type LaterField struct {
	Name, Value string
	// IfSound leaves it out of responses that say that something went wrong: of all but those
	// with the statuses 200, 201, 204, 206, 301 to 304, 307 and 308.
	IfSound bool
}

// Due says whether a response of that status gets the field.
func (f *LaterField) Due(status int) bool {
	if !f.IfSound {
		return true
	}
	switch status {
	case 200, 201, 204, 206, 301, 302, 303, 304, 307, 308:
		return true
	}
	return false
}

// Rate bounds how fast a body moves; the zero value does not.
type Rate struct {
	// BytesPerSecond is 0 for no bound.
	BytesPerSecond int64
	// AfterBytes move before the bound counts.
	AfterBytes int64
}

// Lower makes the rate the lower one of it and another.
func (r *Rate) Lower(other Rate) {
	if other.BytesPerSecond > 0 && (r.BytesPerSecond == 0 || other.BytesPerSecond < r.BytesPerSecond) {
		*r = other
	}
}

// Answer is a response that Sluice gives itself.
type Answer struct {
	// Status is between 200 and 599, or 0: the connection (of HTTP/2: the stream) is cut off
	// without a word.
	Status int
	// Reason says why, for the access log, the debug header and metrics; a short
	// word of lower-case letters and underscores, such as "tls_redirect".
	Reason string
	// Header holds fields to send besides Sluice's own.
	Header []AnswerField
	// Body is sent as text/plain, or as what Header says; empty means Sluice's own
	// short text for the status.
	Body []byte
}

// AnswerField is one field line of an Answer.
type AnswerField struct{ Name, Value string }
