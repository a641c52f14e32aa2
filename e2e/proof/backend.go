package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	"google.golang.org/grpc/interop/grpc_testing"
)

// backends are the endpoints of both Services: two of "web" on one port of two
// addresses, one of "grpc".
type backends struct {
	webPort, grpcPort string

	web  *http.Server
	grpc *grpc.Server
}

// webIPs are where "web" listens.
var webIPs = []string{"127.0.0.1", "127.0.0.2"}

func startBackends() (*backends, error) {
	b := &backends{grpc: grpc.NewServer()}
	// What a connection that breaks off leaves to be said is no news in an attack.
	b.web = &http.Server{Handler: http.HandlerFunc(answer), ErrorLog: log.New(io.Discard, "", 0), ConnContext: holdLittle}
	grpc_testing.RegisterTestServiceServer(b.grpc, interop.NewTestServer())
	first, err := net.Listen("tcp", webIPs[0]+":0")
	if err != nil {
		return nil, err
	}
	b.webPort = portOf(first.Addr().String())
	second, err := net.Listen("tcp", net.JoinHostPort(webIPs[1], b.webPort))
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	third, err := net.Listen("tcp", webIPs[0]+":0")
	if err != nil {
		return nil, errors.Join(err, first.Close(), second.Close())
	}
	b.grpcPort = portOf(third.Addr().String())
	// They end with an error only in stop.
	go func() { _ = b.web.Serve(first) }()
	go func() { _ = b.web.Serve(second) }()
	go func() { _ = b.grpc.Serve(third) }()
	return b, nil
}

// holdLittle bounds what the kernel keeps of an endpoint's answer: endpoints have machines of their own, so
// this one's memory is not to be used up by them.
func holdLittle(ctx context.Context, nc net.Conn) context.Context {
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(64 << 10) // Where it fails, the figures say so.
	}
	return ctx
}

func (b *backends) stop() {
	_ = b.web.Close()
	b.grpc.Stop()
}

// manifests lead webHost and grpcHost to the backends.
func (b *backends) manifests() (map[string]string, error) {
	tls, err := secret()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"secret.yaml": tls,
		"web.yaml":    service("web", "", b.webPort, webIPs...),
		"grpc.yaml":   service("grpc", "grpc", b.grpcPort, "127.0.0.1"),
		"routes.yaml": ingress("web", webHost, "/", "web") + "---" + ingress("grpc", grpcHost, "/", "grpc"),
	}, nil
}

// startWeb starts the backends and Sluice before them.
func startWeb(ctx context.Context, o options) (*backends, *stage, error) {
	b, err := startBackends()
	if err != nil {
		return nil, nil, err
	}
	manifests, err := b.manifests()
	if err != nil {
		b.stop()
		return nil, nil, err
	}
	s, err := startStage(ctx, o.sluice, manifests)
	if err != nil {
		b.stop()
		return nil, nil, err
	}
	return b, s, nil
}

// webMark is in each answer of "web" that is not an echo.
const webMark = "this is web"

// answer echoes messages at /ws and bodies at /echo, sends ?size=BYTES zeros at
// /size, and says webMark elsewhere.
func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ws":
		echoMessages(w, r)
	case "/echo":
		// Else the server throws away what it has not read when the answer begins.
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			panic(err)
		}
		w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
		_, _ = io.Copy(w, r.Body) // The client sees what is missing.
	case "/size":
		n, _ := strconv.Atoi(r.URL.Query().Get("size"))
		w.Header().Set("Content-Length", strconv.Itoa(n))
		for part := make([]byte, 64<<10); n > 0; n -= len(part) {
			if _, err := w.Write(part[:min(n, len(part))]); err != nil {
				return
			}
		}
	default:
		n, err := discard(r.Body)
		if err != nil {
			return
		}
		fmt.Fprintf(w, "%s, it got %d bytes\n", webMark, n)
	}
}

// echoMessages sends each message of a WebSocket back.
func echoMessages(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}
