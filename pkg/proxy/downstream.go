package proxy

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
)

// downstream is the client's side of one exchange. There is one for each
// protocol, so that all else is the same for all of them. The methods about the request's body
// are called by one goroutine, the others by one that may be another.
type downstream interface {
	// body returns the request's body.
	body() wire.Body
	// bodyBuffered returns how many bytes of the body can be read at once at least.
	bodyBuffered() int
	// bodyDone says that all of the request has been read.
	bodyDone() bool
	// sendContinue tells a client that waits for it to send the body.
	sendContinue() error

	// writeInterim sends an informational response, where the client can take one.
	writeInterim(r *wire.Response) error
	// writeHead begins the final response. It is sent with what follows.
	writeHead(r *wire.Response) error
	// writeBody goes on with the response.
	writeBody(p []byte) error
	// room returns how much of the response's body the client takes just now, as far as that is known.
	room() int
	// flush sends what is held back.
	flush() error
	// finish ends the response and sends what is held back.
	finish(trailer *wire.Header) error
	// abort ends the response so that the client cannot take it for a complete one.
	abort()

	// awaitRead bounds the reads of the body from now on by d (0: not at all) and by end (zero: not at all).
	awaitRead(now time.Time, d time.Duration, end time.Time)
	// awaitWrite bounds the writes in the same way.
	awaitWrite(now time.Time, d time.Duration, end time.Time)
	// cutRead makes reads of the body fail from the instant at on; any goroutine may call it.
	cutRead(at time.Time)

	// using says over which connection to an endpoint the exchange goes now, nil
	// for none: it is closed when the client's connection is cut off.
	using(u upside)
	// gone says that this has happened, so that another try is for nobody.
	gone() bool

	// watch returns what is ready when the client leaves. stop must be called before
	// anything else is asked of the client; between the two nothing may be.
	watch() (gone <-chan struct{}, stop func())

	// codec returns the codec of a client that speaks HTTP/1.1, nil otherwise.
	codec() *h1.Conn
	// tunnel returns what is to be taken over after a 101 was written, nil where that cannot be.
	tunnel() tunnelEnd
}
