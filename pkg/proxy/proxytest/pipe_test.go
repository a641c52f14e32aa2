package proxytest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// connect returns both ends of a connection.
func connect(t *testing.T) (client, server net.Conn) {
	t.Helper()
	var network Memory
	ln, err := network.Listen()
	if err != nil {
		t.Fatal(err)
	}
	client, err = network.Dial(t.Context(), addrPort(ln.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	server, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
		ln.Close()
	})
	return client, server
}

func TestBytesArriveInOrderAndEndsAreSeen(t *testing.T) {
	client, server := connect(t)
	want := bytes.Repeat([]byte("0123456789"), 50000)
	go func() {
		client.Write(want)
		client.(*memoryConn).CloseWrite()
	}()
	got, err := io.ReadAll(server)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := server.Write([]byte("still open")); err != nil {
		t.Error(err)
	}
	client.Close()
	if _, err := server.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing to a closed connection: %v", err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading from one's own closed connection: %v", err)
	}
}

func TestDeadlinesEndWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connect(t)
		began := time.Now()
		client.SetReadDeadline(began.Add(3 * time.Second))
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		client.SetDeadline(time.Now().Add(time.Second))
		go func() {
			time.Sleep(500 * time.Millisecond)
			client.SetDeadline(time.Now().Add(4 * time.Second)) // It may be put off meanwhile.
		}()
		if _, err := client.Write(make([]byte, pipeSize+1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 7500*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		client.SetDeadline(time.Time{})
		go io.Copy(io.Discard, server)
		if _, err := client.Write(make([]byte, pipeSize)); err != nil {
			t.Error(err)
		}
		client.Close()
	})
}

func TestNobodyListens(t *testing.T) {
	var network Memory
	if _, err := network.Dial(t.Context(), netip.MustParseAddrPort("10.1.1.1:80")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}
