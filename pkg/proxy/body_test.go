package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

// echo answers each request with its body, as it comes.
func echo(nc net.Conn, r *bufio.Reader) {
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		resp := &http.Response{
			StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Body: req.Body, ContentLength: req.ContentLength, Request: req,
			Header: http.Header{"Date": {"Mon, 02 Jan 2006 15:04:05 GMT"}},
		}
		if req.ContentLength < 0 {
			resp.TransferEncoding = []string{"chunked"}
		}
		if err := resp.Write(nc); err != nil {
			return
		}
	}
}

func TestBodiesOfAnySizeAreEchoed(t *testing.T) {
	random := make([]byte, 3<<20)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	for name, network := range map[string]proxytest.Network{"in memory": new(proxytest.Memory), "on loopback": proxytest.Loopback{}} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Network: network}, nil)
			k.SetEndpoints(k.Endpoint(echo))
			nc := k.Dial(ir.ListenerHTTP)
			r := bufio.NewReader(nc)
			for _, size := range []int{0, 1, 100, 5000, 16 << 10, 17 << 10, 64 << 10, 1 << 20, len(random)} {
				for _, chunked := range []bool{false, true} {
					body := random[:size]
					req, err := http.NewRequest(http.MethodPost, "http://h/", io.NopCloser(bytes.NewReader(body)))
					if err != nil {
						t.Fatal(err)
					}
					if !chunked {
						req.ContentLength = int64(size)
					}
					sent := make(chan error, 1)
					go func() { sent <- req.Write(nc) }()
					resp, err := http.ReadResponse(r, req)
					if err != nil {
						t.Fatalf("%d bytes, chunked %v: %v", size, chunked, err)
					}
					got, err := io.ReadAll(resp.Body)
					if err != nil || !bytes.Equal(got, body) {
						t.Fatalf("%d bytes, chunked %v: %d bytes came back, %v", size, chunked, len(got), err)
					}
					if err := <-sent; err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestExpectContinue(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	heads := make(chan string, 1)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		head, _ := proxytest.ReadHead(r)
		heads <- head
		body := make([]byte, 4)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		io.WriteString(nc, strings.Replace(okResponse, "ok", string(body[:2]), 1))
	}))
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	r := bufio.NewReader(nc)
	interim, err := proxytest.ReadHead(r)
	if err != nil || interim != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("got %q, %v", interim, err)
	}
	if head := <-heads; strings.Contains(head, "Expect") {
		t.Errorf("Expect is forwarded: %q", head)
	}
	io.WriteString(nc, "body")
	if head, err := proxytest.ReadHead(r); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") {
		t.Fatalf("got %q, %v", head, err)
	}
}

func TestRequestTrailersAreForwarded(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	got := make(chan http.Header, 1)
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		got <- req.Trailer
		io.WriteString(nc, okResponse)
	}))
	k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nSet-Cookie: evil\r\n\r\n")
	if trailer := <-got; trailer.Get("X-Sum") != "1" || len(trailer) != 1 {
		t.Errorf("got trailer %v", trailer)
	}
}

func TestBodyBeyondTheBoundIsCutOff(t *testing.T) {
	k := start(t, proxytest.Options{Proxy: proxy.Options{DebugHeaders: true}}, func(r *ir.Route) { r.MaxBodyBytes = 3 })
	// The endpoint answers to a whole body alone: a response that has begun could not become a 413.
	k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err == nil {
			io.WriteString(nc, okResponse)
		}
	}))
	got := k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 413 ") || !strings.Contains(got, "X-Sluice-Reason: body_too_large\r\n") {
		t.Errorf("got %q", got)
	}
}

func TestBadBodyIsRefused(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	read := make(chan error, 1)
	k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err == nil {
			_, err = io.Copy(io.Discard, req.Body)
		}
		read <- err
	}))
	got := k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nzz\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("got %q", got)
	}
	if err := <-read; err == nil {
		t.Error("the endpoint takes the body for a complete one")
	}
}

func TestEarlyResponseIsRelayedWhileTheBodyComes(t *testing.T) {
	for name, c := range map[string]struct {
		reply string
		// closes says that the endpoint closes at once.
		closes bool
		again  bool
	}{
		"the endpoint closes":   {"HTTP/1.1 401 Unauthorized\r\n" + date + "Content-Length: 0\r\nConnection: close\r\n\r\n", true, false},
		"the endpoint reads on": {"HTTP/1.1 200 OK\r\n" + date + "Content-Length: 2\r\n\r\nok", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t, proxytest.Options{Network: proxytest.Loopback{}}, nil)
			k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
				head, err := proxytest.ReadHead(r)
				if err != nil {
					return
				}
				io.WriteString(nc, c.reply)
				if !c.closes {
					io.CopyN(io.Discard, r, 100<<10)
					if strings.HasPrefix(head, "POST") {
						if _, err := proxytest.ReadHead(r); err == nil {
							io.WriteString(nc, okResponse)
						}
					}
				}
			}))
			nc := k.Dial(ir.ListenerHTTP)
			io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 102400\r\n\r\n")
			r := bufio.NewReader(nc)
			head, err := proxytest.ReadHead(r)
			if err != nil {
				t.Fatal(err)
			}
			if want := c.reply[:12]; head[:12] != want {
				t.Fatalf("got %q", head)
			}
			if got := strings.Contains(head, "Connection: close"); got == c.again {
				t.Errorf("closes: %v", got)
			}
			if !c.again {
				if _, err := io.ReadAll(r); err != nil {
					t.Errorf("the connection ends with %v", err)
				}
				return
			}
			io.CopyN(io.Discard, r, 2)
			io.WriteString(nc, strings.Repeat("x", 102400)+"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			if head, err := proxytest.ReadHead(r); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") {
				t.Errorf("the next request gets %q, %v", head, err)
			}
		})
	}
}

func TestClientThatLeavesInItsBody(t *testing.T) {
	k := start(t, proxytest.Options{}, nil)
	read := make(chan error, 1)
	k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err == nil {
			_, err = io.Copy(io.Discard, req.Body)
		}
		read <- err
	}))
	nc := k.Dial(ir.ListenerHTTP)
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome")
	nc.Close()
	if err := <-read; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the endpoint's read ends with %v", err)
	}
	line := k.Log(1)[0]
	if line["reason"] != "client_aborted_body" || line["fault"] != "downstream" {
		t.Errorf("logged %v", line)
	}
}

// TestTrailersThatForgeARequestAreRefused sends some that frame, direct or identify it.
func TestTrailersThatForgeARequestAreRefused(t *testing.T) {
	for _, field := range []string{"Host: evil", "Content-Length: 3", "Authorization: Basic eA==", "X-Forwarded-For: 1.2.3.4"} {
		k := start(t, proxytest.Options{}, nil)
		complete := make(chan bool, 1)
		k.SetEndpoints(k.Endpoint(func(_ net.Conn, r *bufio.Reader) {
			req, err := http.ReadRequest(r)
			if err == nil {
				_, err = io.Copy(io.Discard, req.Body)
			}
			complete <- err == nil
		}))
		answer := k.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n" + field + "\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || !strings.Contains(answer, "Connection: close") {
			t.Errorf("%s: got %q", field, answer)
		}
		if <-complete {
			t.Errorf("%s: the endpoint got all of the request", field)
		}
		if line := k.Log(1)[0]; line["reason"] != "refused_trailer-forbidden" {
			t.Errorf("%s: logged %v", field, line)
		}
	}
}
