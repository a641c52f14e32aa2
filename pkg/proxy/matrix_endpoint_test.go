package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// arrival is one request as an endpoint has it, whatever it speaks, and the means to answer it. Unlike
// the servers of libraries, it does what no good endpoint would.
type arrival struct {
	// n counts the requests of all endpoints, from 1; endpoint says which of them has this one.
	n, endpoint          int
	method, target, host string
	// fields are the lines of the header, with names in lower case.
	fields  [][2]string
	body    io.Reader
	trailer func() http.Header
	answer
}

// field returns the values of a field, joined by "|".
func (s *arrival) field(name string) string {
	var all []string
	for _, f := range s.fields {
		if f[0] == name {
			all = append(all, f[1])
		}
	}
	return strings.Join(all, "|")
}

// answer is how a request is answered. Fields are pairs of a name and a value.
type answer interface {
	// interim sends an informational response.
	interim(status int, fields ...string)
	// head sends the final one's head; a length below 0 means an unknown one.
	head(status, length int, fields ...string)
	// last is head for a response without content.
	last(status int, fields ...string)
	// write sends a part of the body and returns an error if nobody wants it.
	write(part []byte) error
	// finish ends the body, with these trailers.
	finish(fields ...string)
	// leave says that there will be no further request over the connection; for HTTP/1.1 it must come ahead of head.
	leave()
	// reset breaks the response off.
	reset()
	// hangUp closes the connection.
	hangUp()
	// awaitLeft waits until the request is given up.
	awaitLeft()
}

// ok answers with that body.
func (s *arrival) ok(body string) {
	s.head(200, len(body), "date", "Mon, 02 Jan 2006 15:04:05 GMT")
	_ = s.write([]byte(body))
	s.finish()
}

// tunnel takes the upgrade that the request asks for and returns what the client sends from then on. What is
// written goes to the client.
func (s *arrival) tunnel() io.Reader {
	one, is := s.answer.(*answerOne)
	if !is {
		s.head(200, -1)
		return s.body
	}
	one.over = true
	fields := []string{"Connection", "Upgrade", "Upgrade", s.field("upgrade")}
	if key := s.field("sec-websocket-key"); key != "" {
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fields = append(fields, "Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	}
	one.start(101, fields, "")
	return one.r
}

// raw sends bytes as they are, over HTTP/1.1.
func (a *answerOne) raw(text string) {
	a.over = true
	_, _ = io.WriteString(a.nc, text)
}

// secured is the endpoint's side of TLS, which must agree on that protocol.
func secured(nc net.Conn, pair tls.Certificate, protocol string) (net.Conn, error) {
	secure := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{protocol}})
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	if got := secure.ConnectionState().NegotiatedProtocol; got != protocol {
		return nil, fmt.Errorf("the proxy speaks %q", got)
	}
	return secure, nil
}

// handler is what an endpoint does, whatever it speaks.
type handler struct {
	// next makes an arrival, serve answers it, complain is about what the proxy must never do.
	next     func() *arrival
	serve    func(*arrival)
	complain func(format string, args ...any)
}

// serveOne serves the requests of a connection of HTTP/1.1.
func serveOne(nc net.Conn, r *bufio.Reader, on handler) {
	for {
		head, err := readLargeHead(r)
		if err != nil {
			return
		}
		s := on.next()
		r = bufio.NewReader(io.MultiReader(strings.NewReader(head), r))
		req, err := http.ReadRequest(r)
		if err != nil {
			on.complain("the proxy sent %q: %v", head, err)
			return
		}
		lines := strings.Split(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n")
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			if name = strings.ToLower(name); name != "host" {
				s.fields = append(s.fields, [2]string{name, value})
			}
		}
		a := &answerOne{nc: nc, r: r, body: req.Body}
		s.method, s.target, s.host, s.body, s.answer = req.Method, strings.Fields(lines[0])[1], req.Host, a.body, a
		s.trailer = func() http.Header { return req.Trailer }
		on.serve(s)
		if _, err := io.Copy(io.Discard, a.body); err != nil || a.over {
			return
		}
	}
}

// readLargeHead is proxytest.ReadHead for lines of any length.
func readLargeHead(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String(), err
		}
	}
}

// answerOne is an answer of HTTP/1.1.
type answerOne struct {
	nc   net.Conn
	r    *bufio.Reader
	body io.Reader
	// chunked says how the end is told; over that the connection carries no other request; leaving that the head is to say so.
	chunked, over, leaving bool
}

func (a *answerOne) start(status int, fields []string, more string) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for f := range slices.Chunk(fields, 2) {
		fmt.Fprintf(&b, "%s: %s\r\n", f[0], f[1])
	}
	if a.leaving && status >= 200 {
		b.WriteString("Connection: close\r\n")
		a.over = true
	}
	b.WriteString(more + "\r\n")
	_, _ = a.nc.Write(b.Bytes()) // Who gives up a request closes its connection.
}

func (a *answerOne) interim(status int, fields ...string) { a.start(status, fields, "") }

func (a *answerOne) head(status, length int, fields ...string) {
	if a.chunked = length < 0; a.chunked {
		a.start(status, fields, "Transfer-Encoding: chunked\r\n")
		return
	}
	a.start(status, fields, "Content-Length: "+strconv.Itoa(length)+"\r\n")
}

func (a *answerOne) last(status int, fields ...string) { a.start(status, fields, "") }

func (a *answerOne) write(part []byte) error {
	if a.chunked {
		part = slices.Concat([]byte(strconv.FormatInt(int64(len(part)), 16)+"\r\n"), part, []byte("\r\n"))
	}
	_, err := a.nc.Write(part)
	return err
}

func (a *answerOne) finish(fields ...string) {
	if !a.chunked {
		return
	}
	b := []byte("0\r\n")
	for f := range slices.Chunk(fields, 2) {
		b = append(b, f[0]+": "+f[1]+"\r\n"...)
	}
	_, _ = a.nc.Write(append(b, "\r\n"...))
}

func (a *answerOne) leave() { a.leaving = true }

func (a *answerOne) reset() { a.hangUp() }

func (a *answerOne) hangUp() {
	a.over = true
	a.nc.Close()
}

func (a *answerOne) awaitLeft() {
	a.over = true
	if _, err := io.Copy(io.Discard, a.body); err == nil {
		_, _ = a.r.Peek(1)
	}
}

// endpointTwo is a connection of HTTP/2. It holds the proxy to what its frames may be.
type endpointTwo struct {
	nc net.Conn
	f  *http2.Framer
	on handler

	// writing is held while frames are written, mu guards what follows.
	writing sync.Mutex
	mu      sync.Mutex
	cond    *sync.Cond
	streams map[uint32]*answerTwo
	closed  bool
	// window is what the proxy takes over all streams, initial over a new one.
	window, initial int64
	lastID          uint32
}

// serveTwo serves the requests of a connection of HTTP/2.
func serveTwo(nc net.Conn, r *bufio.Reader, on handler) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(r, preface); err != nil || string(preface) != http2.ClientPreface {
		return
	}
	e := &endpointTwo{
		nc: nc, f: http2.NewFramer(nc, r), on: on,
		streams: make(map[uint32]*answerTwo), window: 65535, initial: 65535,
	}
	e.cond = sync.NewCond(&e.mu)
	e.f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var streams sync.WaitGroup
	defer streams.Wait()
	defer e.end()
	_ = e.f.WriteSettings(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
	for {
		frame, err := e.f.ReadFrame()
		if err != nil {
			var broken http2.ConnectionError
			if errors.As(err, &broken) {
				on.complain("the proxy breaks the protocol: %v", err)
			}
			return
		}
		e.take(frame, &streams)
	}
}

// end tells all streams that the connection is no more.
func (e *endpointTwo) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, a := range e.streams {
		a.give(nil, errors.New("the connection has ended"))
		a.left = true
	}
	e.cond.Broadcast()
}

func (e *endpointTwo) take(frame http2.Frame, streams *sync.WaitGroup) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.cond.Broadcast()
	id := frame.Header().StreamID
	a := e.streams[id]
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return
		}
		if size, set := f.Value(http2.SettingInitialWindowSize); set {
			for _, a := range e.streams {
				a.window += int64(size) - e.initial
			}
			e.initial = int64(size)
		}
		e.send(func() { _ = e.f.WriteSettingsAck() })
	case *http2.PingFrame:
		data := f.Data
		e.send(func() { _ = e.f.WritePing(true, data) })
	case *http2.WindowUpdateFrame:
		if id == 0 {
			e.window += int64(f.Increment)
		} else if a != nil {
			a.window += int64(f.Increment)
		}
	case *http2.RSTStreamFrame:
		if a != nil {
			a.left = true
			a.give(nil, fmt.Errorf("reset: %v", f.ErrCode))
		}
	case *http2.DataFrame:
		if a == nil {
			return
		}
		a.give(f.Data(), nil)
		if size := f.Length; size > 0 {
			e.send(func() {
				_ = e.f.WriteWindowUpdate(0, size)
				_ = e.f.WriteWindowUpdate(id, size)
			})
		}
		if f.StreamEnded() {
			a.give(nil, io.EOF)
		}
	case *http2.MetaHeadersFrame:
		if a == nil {
			e.open(f, streams)
			return
		}
		for _, line := range f.Fields {
			a.trailers.Add(line.Name, line.Value)
		}
		a.give(nil, io.EOF)
	}
}

// send has a frame written by who holds mu, which is let go meanwhile.
func (e *endpointTwo) send(write func()) {
	e.mu.Unlock()
	e.writing.Lock()
	write()
	e.writing.Unlock()
	e.mu.Lock()
}

func (e *endpointTwo) open(f *http2.MetaHeadersFrame, streams *sync.WaitGroup) {
	a := &answerTwo{e: e, id: f.StreamID, window: e.initial, trailers: make(http.Header)}
	e.streams[a.id], e.lastID = a, a.id
	s := e.on.next()
	s.answer, s.body, s.trailer = a, a, func() http.Header { return a.trailers }
	for _, line := range f.Fields {
		switch line.Name {
		case ":method":
			s.method = line.Value
		case ":path":
			s.target = line.Value
		case ":authority":
			s.host = line.Value
		case ":scheme":
		case ":protocol":
			s.fields = append(s.fields, [2]string{"upgrade", line.Value})
		case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host":
			e.on.complain("the proxy sent %s over HTTP/2", line.Name)
		default:
			s.fields = append(s.fields, [2]string{line.Name, line.Value})
		}
	}
	if f.StreamEnded() {
		a.give(nil, io.EOF)
	}
	streams.Go(func() { e.on.serve(s) })
}

// answerTwo is a stream of HTTP/2. What is not the connection's is guarded by its mu.
type answerTwo struct {
	e        *endpointTwo
	id       uint32
	data     []byte
	err      error
	left     bool
	window   int64
	trailers http.Header
}

// give hands on a part of the body, or its end. mu is held.
func (a *answerTwo) give(data []byte, err error) {
	a.data = append(a.data, data...)
	if a.err == nil || err != nil && errors.Is(a.err, io.EOF) && len(a.data) > 0 {
		a.err = err
	}
}

func (a *answerTwo) Read(p []byte) (int, error) {
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	for len(a.data) == 0 && a.err == nil {
		a.e.cond.Wait()
	}
	if len(a.data) == 0 {
		return 0, a.err
	}
	n := copy(p, a.data)
	a.data = a.data[n:]
	return n, nil
}

// headers sends a field section, in as many frames as it needs.
func (a *answerTwo) headers(end bool, status int, fields []string) {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	enc.SetMaxDynamicTableSize(0)
	if status > 0 {
		_ = enc.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(status)})
	}
	for f := range slices.Chunk(fields, 2) {
		_ = enc.WriteField(hpack.HeaderField{Name: strings.ToLower(f[0]), Value: f[1]})
	}
	a.e.writing.Lock()
	defer a.e.writing.Unlock()
	first := block.Next(16 << 10)
	_ = a.e.f.WriteHeaders(http2.HeadersFrameParam{StreamID: a.id, BlockFragment: first, EndStream: end, EndHeaders: block.Len() == 0})
	for block.Len() > 0 {
		part := block.Next(16 << 10)
		_ = a.e.f.WriteContinuation(a.id, block.Len() == 0, part)
	}
}

func (a *answerTwo) interim(status int, fields ...string) { a.headers(false, status, fields) }

func (a *answerTwo) head(status, length int, fields ...string) {
	if length >= 0 {
		fields = append(slices.Clone(fields), "content-length", strconv.Itoa(length))
	}
	a.headers(false, status, fields)
}

func (a *answerTwo) last(status int, fields ...string) { a.headers(true, status, fields) }

func (a *answerTwo) write(part []byte) error {
	for len(part) > 0 {
		a.e.mu.Lock()
		for min(a.window, a.e.window) <= 0 && !a.left {
			a.e.cond.Wait()
		}
		n := min(int64(len(part)), a.window, a.e.window, 16<<10)
		a.window, a.e.window = a.window-n, a.e.window-n
		left := a.left
		a.e.mu.Unlock()
		if left {
			return errors.New("nobody wants it")
		}
		a.e.writing.Lock()
		err := a.e.f.WriteData(a.id, false, part[:n])
		a.e.writing.Unlock()
		if err != nil {
			return err
		}
		part = part[n:]
	}
	return nil
}

func (a *answerTwo) finish(fields ...string) {
	if len(fields) > 0 {
		a.headers(true, 0, fields)
		return
	}
	a.e.writing.Lock()
	defer a.e.writing.Unlock()
	_ = a.e.f.WriteData(a.id, true, nil)
}

func (a *answerTwo) leave() {
	a.e.mu.Lock()
	last := a.e.lastID
	a.e.mu.Unlock()
	a.e.writing.Lock()
	defer a.e.writing.Unlock()
	_ = a.e.f.WriteGoAway(last, http2.ErrCodeNo, nil)
}

func (a *answerTwo) reset() {
	a.e.writing.Lock()
	defer a.e.writing.Unlock()
	_ = a.e.f.WriteRSTStream(a.id, http2.ErrCodeInternal)
}

func (a *answerTwo) hangUp() { a.e.nc.Close() }

func (a *answerTwo) awaitLeft() {
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	for !a.left {
		a.e.cond.Wait()
	}
}
