package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// bystanderVerb makes this program one that floods go to in the place of Sluice: what they do to Sluice's other
// clients then is the doing of a machine that attacker and clients share, and none of Sluice's.
const bystanderVerb = "bystander"

// A bystander takes from each connection about what Sluice does, and closes it as late.
const (
	bystanderTakes  = 16 << 10
	bystanderLinger = 100 * time.Millisecond
)

// runBystander listens, prints where, and serves until it is killed.
func runBystander() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer nc.Close()
			// An attacker that sends less is as good as gone.
			_, _ = io.CopyN(io.Discard, nc, bystanderTakes)
			<-time.After(bystanderLinger)
		}()
	}
}

// bystander is that program while it runs.
type bystander struct {
	address string
	cmd     *exec.Cmd
}

func startBystander() (*bystander, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &bystander{cmd: exec.Command(self, bystanderVerb)}
	b.cmd.Stderr = os.Stderr
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bystander: %w", err), b.stop())
	}
	b.address = strings.TrimSpace(line)
	return b, nil
}

// stop kills it.
func (b *bystander) stop() error {
	err := b.cmd.Process.Kill()
	_ = b.cmd.Wait() // It says how it was killed.
	return err
}
