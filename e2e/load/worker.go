package load

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// kind is one way of sending a request.
type kind struct {
	name    string
	method  string
	body    string
	chunked bool
	fresh   bool // a new connection for each request
}

var kinds = []kind{
	{name: "GET kept", method: "GET"},
	{name: "POST kept", method: "POST", body: strings.Repeat("length ", 32)},
	{name: "GET kept", method: "GET"},
	{name: "GET fresh", method: "GET", fresh: true},
	{name: "GET kept", method: "GET"},
	{name: "POST chunked", method: "POST", body: strings.Repeat("chunk ", 32), chunked: true},
}

// worker sends one request after the other, on one connection at a time.
type worker struct {
	options Options
	kind    kind
	conn    net.Conn
	in      *bufio.Reader
}

// send makes one request and reads the whole response.
func (w *worker) send() error {
	if w.conn == nil {
		conn, err := w.connect()
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		w.conn, w.in = conn, bufio.NewReader(conn)
	}
	reuse, err := w.exchange()
	if err != nil || !reuse || w.kind.fresh {
		w.close()
	}
	return err
}

func (w *worker) connect() (net.Conn, error) {
	dialer := net.Dialer{Timeout: w.options.Timeout}
	if w.options.TLS != nil {
		return tls.DialWithDialer(&dialer, "tcp", w.options.Address, w.options.TLS)
	}
	return dialer.Dial("tcp", w.options.Address)
}

// exchange returns whether the connection may be used again.
func (w *worker) exchange() (bool, error) {
	if err := w.conn.SetDeadline(time.Now().Add(w.options.Timeout)); err != nil {
		return false, err
	}
	if _, err := io.WriteString(w.conn, w.request()); err != nil {
		return false, fmt.Errorf("write: %w", err)
	}
	resp, err := http.ReadResponse(w.in, &http.Request{Method: w.kind.method})
	if err != nil {
		return false, fmt.Errorf("read the head: %w", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return false, fmt.Errorf("read the body: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %d: %.80s", resp.StatusCode, body)
	}
	if !strings.Contains(string(body), w.options.Expect) {
		return false, fmt.Errorf("the body does not hold %q: %.200s", w.options.Expect, body)
	}
	return !resp.Close, nil
}

func (w *worker) request() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sluice-load\r\n", w.kind.method, w.options.Path, w.options.Host)
	switch {
	case w.kind.chunked:
		fmt.Fprintf(&b, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(w.kind.body), w.kind.body)
	case w.kind.body != "":
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(w.kind.body), w.kind.body)
	default:
		b.WriteString("\r\n")
	}
	return b.String()
}

func (w *worker) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
