package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// handshakeClients shake hands at once.
const handshakeClients = 16

// handshakes opens connections, asks once on each and closes it. X25519 alone
// is offered, since the peers of Debian know no hybrid of it.
func handshakes(resumed bool) loader {
	return func(ctx context.Context, t target, o options) (sample, error) {
		at, err := url.Parse(t.url)
		if err != nil {
			return sample{}, err
		}
		var count, failed atomic.Int64
		var first atomic.Pointer[error]
		start := time.Now()
		end := start.Add(o.duration)
		var wg sync.WaitGroup
		for range handshakeClients {
			wg.Go(func() {
				config := &tls.Config{ServerName: benchHost, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}}
				if resumed {
					config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				}
				for n := 0; time.Now().Before(end); n++ {
					if err := shake(ctx, at.Host, config, resumed && n > 0); err != nil {
						failed.Add(1)
						first.CompareAndSwap(nil, &err)
						continue
					}
					count.Add(1)
				}
			})
		}
		wg.Wait()
		s := sample{count: int(count.Load()), errors: int(failed.Load())}
		s.perSecond = float64(s.count) / time.Since(start).Seconds()
		if err := first.Load(); err != nil {
			s.firstError = (*err).Error()
		}
		return s, nil
	}
}

var errNotResumed = errors.New("the session was not resumed")

// shake is one connection with one request.
func shake(ctx context.Context, at string, config *tls.Config, resumed bool) error {
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return err
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
	c := tls.Client(raw, config)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+benchHost+"\r\n\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	if resumed && !c.ConnectionState().DidResume {
		return errNotResumed
	}
	return c.Close()
}
