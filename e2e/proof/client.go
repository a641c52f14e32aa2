package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop/grpc_testing"
)

// operation is one thing that a client does, again and again; end lets go of
// what it holds.
type operation struct {
	do  func(context.Context) error
	end func()
}

// unverified is for the stage's own certificate.
func unverified(name string, protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: name, NextProtos: protocols}
}

// echoHTTP2 sends random bodies by HTTP/2, with TLS or without, and wants them back.
func (s *stage) echoHTTP2(secure bool) operation {
	address, scheme := s.http, "http"
	if secure {
		address, scheme = s.https, "https"
	}
	transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, _ string, _ *tls.Config) (net.Conn, error) {
		if secure {
			return (&tls.Dialer{Config: unverified(webHost, "h2")}).DialContext(ctx, network, address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	body := make([]byte, 16<<10)
	return operation{end: transport.CloseIdleConnections, do: func(ctx context.Context) error {
		_, _ = rand.Read(body) // It never fails.
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+webHost+"/echo", bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		switch {
		case err != nil:
			return err
		case resp.StatusCode != http.StatusOK:
			return fmt.Errorf("status %d: %.80s", resp.StatusCode, got)
		case !bytes.Equal(got, body):
			return fmt.Errorf("%d other bytes came back for %d", len(got), len(body))
		}
		return nil
	}}
}

// echoWebSocket sends random messages and wants them back, all on one connection.
func (s *stage) echoWebSocket() operation {
	var conn *websocket.Conn
	end := func() {
		if conn != nil {
			_ = conn.CloseNow()
			conn = nil
		}
	}
	message := make([]byte, 4<<10)
	do := func(ctx context.Context) error {
		if conn == nil {
			// Without a bound of its own, a deadline of the first message would end all.
			c, _, err := websocket.Dial(ctx, "ws://"+s.http+"/ws", &websocket.DialOptions{Host: webHost, HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
			if err != nil {
				return err
			}
			conn = c
		}
		_, _ = rand.Read(message) // It never fails.
		if err := conn.Write(ctx, websocket.MessageBinary, message); err != nil {
			return err
		}
		_, got, err := conn.Read(ctx)
		if err == nil && !bytes.Equal(got, message) {
			err = errors.New("another message came back")
		}
		return err
	}
	return operation{end: end, do: func(ctx context.Context) error {
		err := do(ctx)
		if err != nil {
			end()
		}
		return err
	}}
}

// newGRPC connects by gRPC over TLS.
func (s *stage) newGRPC() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+s.https, grpc.WithTransportCredentials(credentials.NewTLS(unverified(grpcHost))), grpc.WithAuthority(grpcHost))
}

// payload of n random bytes.
func payload(n int) *grpc_testing.Payload {
	body := make([]byte, n)
	_, _ = rand.Read(body) // It never fails.
	return &grpc_testing.Payload{Body: body}
}

const grpcSize = 2 << 10

// callUnary makes one call after the other.
func callUnary(cc *grpc.ClientConn) operation {
	client := grpc_testing.NewTestServiceClient(cc)
	return operation{end: func() {}, do: func(ctx context.Context) error {
		got, err := client.UnaryCall(ctx, &grpc_testing.SimpleRequest{ResponseSize: grpcSize, Payload: payload(grpcSize)})
		if err == nil && len(got.GetPayload().GetBody()) != grpcSize {
			err = fmt.Errorf("%d bytes came back", len(got.GetPayload().GetBody()))
		}
		return err
	}}
}

// callStream exchanges messages on streams that last for many of them.
func callStream(cc *grpc.ClientConn) operation {
	const messages = 100
	client := grpc_testing.NewTestServiceClient(cc)
	var stream grpc_testing.TestService_FullDuplexCallClient
	stop, left := func() {}, 0
	end := func() {
		stop()
		stream = nil
	}
	do := func() (err error) {
		if stream == nil {
			var ctx context.Context
			ctx, stop = context.WithCancel(context.Background())
			if stream, err = client.FullDuplexCall(ctx); err != nil {
				return err
			}
			left = messages
		}
		guard := time.AfterFunc(operationTimeout, stop)
		defer guard.Stop()
		if err := stream.Send(&grpc_testing.StreamingOutputCallRequest{
			ResponseParameters: []*grpc_testing.ResponseParameters{{Size: grpcSize}}, Payload: payload(grpcSize),
		}); err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
		if left--; left > 0 {
			return nil
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("the stream ended with %w", err)
		}
		end()
		return nil
	}
	return operation{end: end, do: func(context.Context) error {
		err := do()
		if err != nil {
			end()
		}
		return err
	}}
}
