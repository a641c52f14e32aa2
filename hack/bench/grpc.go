package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// grpcPath is where the back end that speaks gRPC is reached.
const grpcPath = "/bench.Echo/Call"

// grpcMessage is a message of 16 bytes with its prefix.
var grpcMessage = string(binary.BigEndian.AppendUint32([]byte{0}, 16)) + "0123456789abcdef"

// runOrigin is the back end that reads what it is sent: of a call of gRPC it
// says each message back, of anything else it answers when all was read.
func runOrigin(args []string) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Addr: args[0], Protocols: protocols, Handler: http.HandlerFunc(answer), ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 {
		sayBack(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
}

func sayBack(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	message := make([]byte, len(grpcMessage))
	for {
		if _, err := io.ReadFull(r.Body, message); err != nil {
			break
		}
		if _, err := w.Write(message); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
	w.Header().Set("Grpc-Status", "0")
}

// pingPong sends a message on each stream when the one before came back.
func pingPong(connections, streams int) loader {
	return func(ctx context.Context, t target, o options) (sample, error) {
		var count, failed atomic.Int64
		var first atomic.Pointer[error]
		start := time.Now()
		end := start.Add(o.duration)
		var wg sync.WaitGroup
		for range connections {
			protocols := new(http.Protocols)
			protocols.SetUnencryptedHTTP2(true)
			transport := &http.Transport{Protocols: protocols}
			defer transport.CloseIdleConnections()
			for range streams {
				wg.Go(func() {
					if err := converse(ctx, transport, t.url, end, &count); err != nil {
						failed.Add(1)
						first.CompareAndSwap(nil, &err)
					}
				})
			}
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

// converse is one stream until end.
func converse(ctx context.Context, transport *http.Transport, url string, end time.Time, count *atomic.Int64) error {
	ours, theirs := io.Pipe()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, ours)
	if err != nil {
		return err
	}
	request.Host = benchHost
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	go func() { _, _ = io.WriteString(theirs, grpcMessage) }()
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	message := make([]byte, len(grpcMessage))
	for time.Now().Before(end) {
		if _, err := io.ReadFull(answer.Body, message); err != nil {
			return err
		}
		if !bytes.Equal(message, []byte(grpcMessage)) {
			return fmt.Errorf("another message came back: %q", message)
		}
		count.Add(1)
		if _, err := io.WriteString(theirs, grpcMessage); err != nil {
			return err
		}
	}
	_ = theirs.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if status := answer.Trailer.Get("Grpc-Status"); status != "0" {
		return fmt.Errorf("grpc-status %q", status)
	}
	return nil
}
