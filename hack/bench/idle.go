package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// idleSettle is how long connections rest before memory is read, so that a
// collector of garbage may have run and buffers were given back.
const idleSettle = 5 * time.Second

// idle opens n connections, asks once on each, and measures what they hold.
func idle(n int) loader {
	return func(ctx context.Context, t target, _ options) (sample, error) {
		at, err := url.Parse(t.url)
		if err != nil {
			return sample{}, err
		}
		before, err := residentBytes(t.pid)
		if err != nil {
			return sample{}, err
		}
		held := make([]net.Conn, 0, n)
		defer func() {
			for _, c := range held {
				_ = c.Close()
			}
		}()
		var d net.Dialer
		buf := bufio.NewReader(nil)
		for range n {
			c, err := d.DialContext(ctx, "tcp", at.Host)
			if err != nil {
				return sample{}, err
			}
			held = append(held, c)
			buf.Reset(c)
			if err := askOnce(c, buf); err != nil {
				return sample{}, err
			}
		}
		select {
		case <-ctx.Done():
			return sample{}, ctx.Err()
		case <-time.After(idleSettle):
		}
		after, err := residentBytes(t.pid)
		if err != nil {
			return sample{}, err
		}
		return sample{count: n, bytes: float64(max(after-before, 1)) / float64(n)}, nil
	}
}

// askOnce makes a request on a connection that stays open.
func askOnce(c net.Conn, buf *bufio.Reader) error {
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+benchHost+"\r\n\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(buf, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
