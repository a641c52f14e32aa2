package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/metrics"
	"github.com/sluice-dev/sluice/pkg/table"
)

// pace makes a connection in a handshake, and its other end.
func pace(p *Proxy, client string) (*paced, net.Conn) {
	ours, theirs := net.Pipe()
	c := &connection{proxy: p, raw: ours, client: netip.MustParseAddrPort(client), ctx: context.Background()}
	return &paced{Conn: ours, of: c, end: time.Now().Add(p.timeouts.Handshake)}, theirs
}

func TestHandshakesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(new(table.Holder), Options{MaxHandshakes: 1, MaxWaitingHandshakes: 3})
		defer p.cancel()
		var mu sync.Mutex
		var order []string
		ends := func(how string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, how)
		}
		begin := func(client string) *paced {
			c, other := pace(p, client)
			go func() {
				defer other.Close()
				io.WriteString(other, "hello")
			}()
			go func() {
				defer c.Close()
				_, err := c.Read(make([]byte, 8))
				switch {
				case err == nil:
					ends(client)
					time.Sleep(time.Second) // It computes.
				case errors.Is(err, errHandshakes):
					ends("not " + client)
				default:
					t.Error(err)
				}
				c.finish()
			}()
			synctest.Wait()
			return c
		}
		begin("192.0.2.1:1")
		begin("192.0.2.1:2")
		begin("192.0.2.1:3")
		begin("192.0.2.1:4")
		begin("192.0.2.2:1") // It takes the place of the last one.
		time.Sleep(10 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		want := []string{"192.0.2.1:1", "not 192.0.2.1:4", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.1:3"}
		if len(order) != len(want) {
			t.Fatalf("got %q", order)
		}
		for i := range want {
			if order[i] != want[i] {
				t.Errorf("got %q, want %q", order, want)
			}
		}
		if stats := p.handshakes.Stats(); stats.Active != 0 {
			t.Errorf("%d slots are taken at the end", stats.Active)
		}
	})
}

func TestSilentClientsHoldNoHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(new(table.Holder), Options{MaxHandshakes: 1})
		defer p.cancel()
		silent, theirs := pace(p, "192.0.2.1:1")
		ended := make(chan error)
		go func() {
			_, err := silent.Read(make([]byte, 8))
			ended <- err
		}()
		synctest.Wait()
		other, speaks := pace(p, "192.0.2.1:2")
		go io.WriteString(speaks, "hello")
		if n, err := other.Read(make([]byte, 8)); n != 5 || err != nil || !other.holds {
			t.Errorf("got %d bytes, %v", n, err)
		}
		go io.WriteString(speaks, "again")
		if n, err := other.Read(make([]byte, 8)); n != 5 || err != nil || !other.holds {
			t.Errorf("got %d bytes, %v", n, err)
		}
		other.finish()
		go io.WriteString(speaks, "data")
		if n, err := other.Read(make([]byte, 8)); n != 4 || err != nil || other.holds {
			t.Errorf("after the handshake: %d bytes, %v, holds %v", n, err, other.holds)
		}
		_ = theirs.Close()
		if err := <-ended; !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

func TestAHandshakeDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(new(table.Holder), Options{MaxHandshakes: 1, Timeouts: Timeouts{Handshake: 3 * time.Second}})
		defer p.cancel()
		p.handshakes.Try(queue.Request{})
		c, other := pace(p, "192.0.2.1:1")
		go io.WriteString(other, "hello")
		began := time.Now()
		if _, err := c.Read(make([]byte, 8)); !errors.Is(err, errHandshakes) || !c.shed || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestAHandshakeThatGetsNoTurnIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := metrics.New()
		p := New(new(table.Holder), Options{MaxHandshakes: 1, Timeouts: Timeouts{Handshake: 3 * time.Second}, Metrics: counted})
		defer p.cancel()
		p.handshakes.Try(queue.Request{})
		paced, other := pace(p, "192.0.2.1:1")
		c := paced.of
		c.nc, c.listener = c.raw, &listener{name: "https", metrics: counted.Listener("https")}
		go io.WriteString(other, "hello")
		if c.handshake(&tls.Config{}) {
			t.Error("it was computed without a turn")
		}
		_ = c.raw.Close()
		scrape := httptest.NewRecorder()
		counted.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
		for _, want := range []string{
			`sluice_listener_connections_shed_total{listener="https",reason="handshakes"} 1`,
			`sluice_listener_handshake_errors_total{listener="https"} 1`,
		} {
			if !strings.Contains(scrape.Body.String(), want+"\n") {
				t.Errorf("no %s", want)
			}
		}
	})
}
