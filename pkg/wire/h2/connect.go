package h2

import (
	"slices"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// awaitConnect waits until the endpoint has said what it takes, and fails with ErrUpgrade where
// that are no extended CONNECTs (RFC 8441 section 3).
func (s *Stream) awaitConnect() error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.settled {
		c.client.awaiting = append(c.client.awaiting, s)
		defer func() {
			c.client.awaiting = slices.DeleteFunc(c.client.awaiting, func(one *Stream) bool { return one == s })
		}()
		c.kick() // The endpoint may wait for our preface.
	}
	for !c.settled {
		switch {
		case s.over != nil:
			return s.over
		case c.closed:
			return ErrRefused
		}
		if err := s.write.sleep(c); err != nil {
			return err
		}
	}
	if !c.client.connects {
		return ErrUpgrade
	}
	return nil
}

// wakeAwaiting wakes the streams that wait for the endpoint's SETTINGS. c.mu is held.
func (c *Conn) wakeAwaiting() {
	if c.client == nil {
		return
	}
	for _, s := range c.client.awaiting {
		s.write.cond.Broadcast()
	}
}

// connected says that a response with that status makes the stream a tunnel (RFC 9110 section 9.3.6).
func (s *Stream) connected(status int) bool {
	return len(s.protocol) > 0 && 200 <= status && status <= 299
}

// switchTo makes the success of an extended CONNECT what HTTP/1.1 has for it.
func switchTo(r *wire.Response, protocol []byte) {
	r.Status, r.Upgrade = 101, protocol
	r.Length, r.NoBody = 0, true
}

// appendConnect appends the field section of an extended CONNECT (RFC 8441 section 4), for a GET with
// an Upgrade to one protocol. Nothing else can be said in HTTP/2.
func appendConnect(b []byte, scheme string, r *wire.Request) ([]byte, error) {
	if string(r.Method) != "GET" || !wire.IsToken(r.Upgrade) || len(r.Authority) == 0 {
		return b, ErrUpgrade
	}
	b = appendText(b, 2, methodConnect)
	b = append(appendInt(append(b, literal), 0, 7, len(nameProtocol)), nameProtocol...)
	b = append(appendInt(b, 0, 7, len(r.Upgrade)), r.Upgrade...)
	b = appendTarget(b, scheme, r)
	webSocket := wire.EqualName(r.Upgrade, "websocket")
	fields := r.Header.Fields()
	for i := range fields {
		f := &fields[i]
		if section.OfConnection(f.Known) || webSocket && wire.EqualName(f.Name, "Sec-WebSocket-Key") {
			continue // RFC 8441 section 5: the key proves what ":protocol" says.
		}
		var ok bool
		if b, ok = appendField(b, f); !ok {
			return b, ErrInvalidHead
		}
	}
	return b, nil
}

var methodConnect = []byte("CONNECT")

const nameProtocol = ":protocol"
