package main

import (
	"bytes"
	"io"
	"net"
	"sync"
)

// relay stands between Sluice and an origin and keeps what passes.
type relay struct {
	ln     net.Listener
	origin string

	mu    sync.Mutex // guards what follows
	conns []*relayed
	wait  sync.WaitGroup
}

// relayed is one connection.
type relayed struct {
	mu       sync.Mutex // guards what follows
	up, down bytes.Buffer
	ends     []net.Conn
}

// startRelay listens and connects each connection to the origin.
func startRelay(origin string) (*relay, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{ln: ln, origin: origin}
	r.wait.Go(r.accept)
	return r, nil
}

func (r *relay) accept() {
	for {
		client, err := r.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.origin)
		if err != nil {
			client.Close()
			continue
		}
		c := &relayed{ends: []net.Conn{client, server}}
		r.mu.Lock()
		r.conns = append(r.conns, c)
		r.mu.Unlock()
		r.wait.Go(func() { c.copy(server, client, &c.up) })
		r.wait.Go(func() { c.copy(client, server, &c.down) })
	}
}

// copy keeps what it passes on. When one side ends, the other does.
func (c *relayed) copy(to, from net.Conn, kept *bytes.Buffer) {
	// Whatever ends it, ends the connection.
	_, _ = io.Copy(writerFunc(func(p []byte) (int, error) {
		c.mu.Lock()
		kept.Write(p)
		c.mu.Unlock()
		return to.Write(p)
	}), from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// stop ends all and returns the connections.
func (r *relay) stop() []*relayed {
	r.ln.Close()
	r.mu.Lock()
	conns := r.conns
	for _, c := range conns {
		for _, end := range c.ends {
			end.Close()
		}
	}
	r.mu.Unlock()
	r.wait.Wait()
	return conns
}
