package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// waiting is what the kernel holds of answers of Sluice's that its clients have not taken, in bytes, for
// all connections in clear text.
func (s *stage) waiting() (sum int64, err error) {
	file, err := os.Open("/proc/net/tcp")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	port, err := strconv.Atoi(portOf(s.http))
	if err != nil {
		return 0, err
	}
	local := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		// Number, local address, remote address, state, queues for sending and receiving.
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || !strings.HasSuffix(fields[1], local) || fields[3] != "01" {
			continue
		}
		queue, _, _ := strings.Cut(fields[4], ":")
		n, err := strconv.ParseInt(queue, 16, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, lines.Err()
}

// watchWaiting looks at that until the function that it returns is called, which says how much it was at the most.
func (s *stage) watchWaiting() func() (int64, error) {
	type outcome struct {
		most int64
		err  error
	}
	stop, ended := make(chan struct{}), make(chan outcome)
	go func() {
		var o outcome
		for {
			select {
			case <-stop:
				ended <- o
				return
			case <-time.After(200 * time.Millisecond):
				n, err := s.waiting()
				if err != nil {
					o.err = err
				}
				o.most = max(o.most, n)
			}
		}
	}()
	return func() (int64, error) {
		close(stop)
		o := <-ended
		return o.most, o.err
	}
}
