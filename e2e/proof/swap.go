package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// swaps are the tables that were swapped during a load.
type swaps struct {
	// took says how long each was in coming, from the file that was written to the first answer of its route.
	took []time.Duration
	err  error
}

const (
	editHost = "edit.example.com"
	// swapWithin bounds how long a table may be in coming.
	swapWithin = 10 * time.Second
)

// swapTables changes a route and the endpoints of "web" as soon as the change
// before is served, until ctx ends.
func (s *stage) swapTables(ctx context.Context, b *backends) (done swaps) {
	nc, err := net.Dial("tcp", s.http)
	if err != nil {
		return swaps{err: err}
	}
	defer nc.Close()
	in := bufio.NewReader(nc)
	sets := [][]string{webIPs, webIPs[:1], webIPs[1:]}
	for n := 0; ctx.Err() == nil; n++ {
		path := fmt.Sprintf("/edit-%d", n)
		begun := time.Now()
		if err := errors.Join(s.write("web.yaml", service("web", "", b.webPort, sets[n%len(sets)]...)),
			s.write("edit.yaml", ingress("edit", editHost, path, "web"))); err != nil {
			done.err = err
			return done
		}
		for status := 0; status != http.StatusOK; time.Sleep(2 * time.Millisecond) {
			if status, err = askOnce(nc, in, path); err != nil {
				done.err = fmt.Errorf("asking for table %d: %w", n, err)
				return done
			}
			if time.Since(begun) > swapWithin {
				done.err = fmt.Errorf("table %d is not served after %v", n, swapWithin)
				return done
			}
		}
		done.took = append(done.took, time.Since(begun))
	}
	return done
}

// askOnce asks for a path on a connection and returns the status.
func askOnce(nc net.Conn, in *bufio.Reader, path string) (int, error) {
	if err := nc.SetDeadline(time.Now().Add(operationTimeout)); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(nc, "GET "+path+" HTTP/1.1\r\nHost: "+editHost+"\r\n\r\n"); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = discard(resp.Body)
	return resp.StatusCode, err
}
