package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h1"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// Protocol is what a probe speaks.
type Protocol uint8

const (
	// HTTP1 is a GET over HTTP/1.1.
	HTTP1 Protocol = iota
	// HTTP2 is a GET over HTTP/2.
	HTTP2
	// GRPC is grpc.health.v1.Health/Check over HTTP/2.
	GRPC
)

// Question is what endpoints are asked.
type Question struct {
	Protocol Protocol
	// Secure says that the connections are made over TLS.
	Secure bool
	// Host is the authority of the request.
	Host string
	// Path and Query are the target of an HTTP probe; Query is behind "?" where HasQuery.
	Path, Query string
	HasQuery    bool
	// Header are further fields of an HTTP probe.
	Header []Field
	// Service is what a gRPC probe asks for; empty asks for the server.
	Service string
	// Expect says which statuses are those of a healthy answer to an HTTP probe.
	Expect func(status int) bool
}

// Field is a header field.
type Field struct{ Name, Value string }

const (
	// maxInterim bounds the informational responses before the final one.
	maxInterim = 16
	userAgent  = "sluice-probe"
)

var errClosed = errors.New("the endpoint closed the connection")

var errInterim = errors.New("there are too many informational responses")

// Ask asks over nc, and closes it. ctx bounds it.
func Ask(ctx context.Context, nc net.Conn, q *Question) error {
	// Whatever waits for the endpoint ends with the connection.
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	defer stop()
	defer nc.Close()
	var err error
	if q.Protocol == HTTP1 {
		err = askHTTP1(nc, q)
	} else {
		err = askHTTP2(nc, q)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return errClosed
	}
	return err
}

// judge returns what the status of an answer means.
func (q *Question) judge(status int) error {
	if q.Expect(status) {
		return nil
	}
	return fmt.Errorf("the status is %d", status)
}

// request makes the head of the request of an HTTP probe.
func (q *Question) request() *wire.Request {
	r := &wire.Request{
		Method:    []byte("GET"),
		Authority: []byte(q.Host),
		Path:      []byte(q.Path),
		Query:     []byte(q.Query),
		HasQuery:  q.HasQuery,
		Close:     true,
	}
	r.Header.Add("user-agent", []byte(userAgent))
	for _, f := range q.Header {
		r.Header.Set(f.Name, []byte(f.Value))
	}
	return r
}

func askHTTP1(nc net.Conn, q *Question) error {
	c := h1.NewConn(nc, nil)
	defer c.Release()
	request := q.request()
	if err := c.WriteRequest(request); err != nil {
		return err
	}
	if err := c.FinishBody(nil); err != nil {
		return err
	}
	if err := c.Flush(); err != nil {
		return err
	}
	var response wire.Response
	for range maxInterim {
		if err := c.ReadResponse(&response, request.Method); err != nil {
			return err
		}
		if response.Status >= 200 || response.Status == 101 {
			return q.judge(response.Status)
		}
	}
	return errInterim
}

// askHTTP2 makes a connection of HTTP/2 of nc for one stream.
func askHTTP2(nc net.Conn, q *Question) error {
	options := new(h2.Options)
	options.KeepUnderscores = true
	c := h2.NewClientConn(nc, q.Secure, options.Complete(), nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Run() // The stream knows why.
	}()
	defer func() {
		c.Close()
		<-ended
	}()
	s := c.Open()
	if s == nil {
		return h2.ErrRefused
	}
	defer s.Leave()
	if q.Protocol == GRPC {
		return askGRPC(s, q)
	}
	if err := s.WriteRequest(q.request()); err != nil {
		return err
	}
	if err := s.Finish(nil); err != nil {
		return err
	}
	response, err := answer(s)
	if err != nil {
		return err
	}
	return q.judge(response.Status)
}

// answer reads the head of the final response.
func answer(s *h2.Stream) (*wire.Response, error) {
	response := new(wire.Response)
	for range maxInterim {
		if err := s.ReadResponse(response); err != nil {
			return nil, err
		}
		if response.Status >= 200 {
			return response, nil
		}
	}
	return nil, errInterim
}
