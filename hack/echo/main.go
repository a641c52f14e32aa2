// Command echo is the back end of the tests on a cluster: one Pod of a Service.
//
// After SIGTERM it goes on serving for a moment, as a good back end does, since
// its removal from the endpoints takes time to arrive everywhere; then it
// finishes what is under way and ends. POST /die kills it with SIGKILL, in the middle of whatever is
// under way; that takes a Pod whose containers share one process namespace, as process 1 of a namespace
// cannot be killed from within.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sluice-dev/sluice/pkg/app/echo"
)

const (
	address = ":3000"
	// secureAddress is served where ECHO_TLS names a folder with tls.crt and tls.key.
	secureAddress = ":3443"
	linger        = 2 * time.Second
	finish        = 2 * time.Second
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	handler := http.NewServeMux()
	handler.Handle("POST /die", http.HandlerFunc(die))
	handler.Handle("/", &echo.Handler{Service: os.Getenv("ECHO_SERVICE"), Version: os.Getenv("ECHO_VERSION"), Instance: name})
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 2)
	go func() { ended <- server.ListenAndServe() }()
	if dir := os.Getenv("ECHO_TLS"); dir != "" {
		listener, err := net.Listen("tcp", secureAddress)
		if err != nil {
			return err
		}
		go func() {
			ended <- server.ServeTLS(listener, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
		}()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	time.Sleep(linger)
	bounded, cancel := context.WithTimeout(context.Background(), finish)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// die ends the process without a word to anybody.
func die(w http.ResponseWriter, _ *http.Request) {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	<-make(chan struct{}) // The signal is under way.
}
