package proxy

import (
	"errors"
	"net"
	"runtime"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/queue"
)

// handshakesPerCPU is how many handshakes are computed at once where nothing else was said.
const handshakesPerCPU = 4

// DefaultWaitingHandshakes is Options.MaxWaitingHandshakes where nothing else was said.
const DefaultWaitingHandshakes = 4096

// newHandshakes bounds the handshakes that are computed at once. More of them at a time would
// make none faster, but all requests slower.
func newHandshakes(o *Options, t *Timeouts) *queue.Limiter {
	active, length := o.MaxHandshakes, o.MaxWaitingHandshakes
	if active <= 0 {
		active = handshakesPerCPU * runtime.GOMAXPROCS(0)
	}
	if length <= 0 {
		length = DefaultWaitingHandshakes
	}
	return queue.NewRegistry().Acquire("handshakes", queue.Limits{MaxActive: active, Length: length, Timeout: t.Handshake})
}

// errHandshakes says that too many handshakes wait.
var errHandshakes = errors.New("too many TLS handshakes")

// paced is a connection in a handshake. It holds a slot while we compute, and none while
// the client is waited for: slow clients hold up nobody. When the handshake is over it
// is the connection as it was.
type paced struct {
	net.Conn
	of    *connection
	end   time.Time
	holds bool
	over  bool
	// shed says that there was no slot.
	shed bool
}

func (p *paced) Read(b []byte) (int, error) {
	if p.over {
		return p.Conn.Read(b)
	}
	p.leave()
	n, err := p.Conn.Read(b)
	if n > 0 && !p.enter() {
		return 0, errHandshakes
	}
	return n, err
}

// enter takes a slot, and waits for one in the turn of its client.
func (p *paced) enter() bool {
	slots := p.of.proxy.handshakes
	if _, free := slots.Try(queue.Request{}); free {
		p.holds = true
		return true
	}
	client := queue.Request{Client: household(p.of.client.Addr()).String()}
	_, outcome := slots.Enter(client, max(time.Until(p.end), 0), p.of.ctx.Done())
	p.holds = outcome == queue.Admitted
	p.shed = !p.holds
	return p.holds
}

func (p *paced) leave() {
	if p.holds {
		p.holds = false
		p.of.proxy.handshakes.Leave(nil)
	}
}

// finish ends the handshake's part.
func (p *paced) finish() {
	p.leave()
	p.over = true
}
