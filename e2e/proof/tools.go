package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// slowModes are what slowhttptest can do; closes says that all connections must be closed at the end.
var slowModes = []struct {
	name   string
	args   []string
	closes bool
}{
	{name: "slow headers", args: []string{"-H", "-u", "http://ADDRESS/"}, closes: true},
	{name: "slow body", args: []string{"-B", "-s", "8192", "-u", "http://ADDRESS/"}},
	{name: "slow read", args: []string{"-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-u", "http://ADDRESS/size?size=10000000"}},
	{name: "ranges", args: []string{"-R", "-a", "10", "-b", "3000", "-u", "http://ADDRESS/size?size=100000"}},
}

const (
	slowConnections = 500
	slowSeconds     = 14
	h2loadRequests  = 20000
	// noneLeft is what slowhttptest says where the server has closed all its connections.
	noneLeft = "No open connections left"
)

// runTools runs the tools that others test servers with.
func runTools(ctx context.Context, o options, found *findings) error {
	if err := needPrograms(ctx, "slowhttptest", "h2load"); err != nil {
		return err
	}
	b, s, err := startWeb(ctx, o)
	if err != nil {
		return err
	}
	defer b.stop()
	// slowhttptest knows no other host than the address that it connects to.
	if err := s.write("all.yaml", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: all, namespace: proof}\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n"); err != nil {
		return errors.Join(err, s.stop())
	}
	return errors.Join(s.tools(ctx, o, found), s.stop())
}

func (s *stage) tools(ctx context.Context, o options, found *findings) error {
	for _, run := range []struct{ name, url, mode string }{
		{"HTTP/2 with TLS", "https://" + webHost + "/", "-m10"},
		{"HTTP/2 in clear text", "http://" + webHost + "/", "-m10"},
		{"HTTP/1.1 with TLS", "https://" + webHost + "/", "--h1"},
	} {
		if err := s.h2load(ctx, run.name, run.url, run.mode, found); err != nil {
			return err
		}
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	before, err := s.vitals()
	if err != nil {
		return err
	}
	for _, mode := range slowModes {
		args := append([]string{"-c", strconv.Itoa(slowConnections), "-r", "250", "-i", "3", "-l", strconv.Itoa(slowSeconds), "-p", "3"}, mode.args...)
		for i := range args {
			args[i] = strings.Replace(args[i], "ADDRESS", s.http, 1)
		}
		out, err := exec.CommandContext(ctx, "slowhttptest", args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("slowhttptest: %w: %s", err, out)
		}
		available, ended, after := last(out, `service available:\s+(\w+)`), last(out, `Exit status:\s*(.*)`), last(out, `Test ended on (\d+)`)
		ok := available == "YES" && (!mode.closes || ended == noneLeft)
		found.say(ok, "slowhttptest, %s: %d connections; service available: %s; it ended after %s s: %s", mode.name, slowConnections, available, after, ended)
		if !ok {
			found.note("%s", out)
		}
	}
	return s.residue(ctx, before, o.settle, found)
}

// last returns what the pattern matched last in a tool's output, without the colours of terminals.
func last(out []byte, pattern string) string {
	plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAll(out, nil)
	all := regexp.MustCompile(pattern).FindAllSubmatch(plain, -1)
	if len(all) == 0 {
		return "?"
	}
	return string(all[len(all)-1][1])
}

func (s *stage) h2load(ctx context.Context, name, url, mode string, found *findings) error {
	address := s.http
	if strings.HasPrefix(url, "https") {
		address = s.https
	}
	out, err := exec.CommandContext(ctx, "h2load", "-n", strconv.Itoa(h2loadRequests), "-c", "20", mode, "--connect-to", address, url).CombinedOutput()
	if err != nil {
		return fmt.Errorf("h2load: %w: %s", err, out)
	}
	succeeded, perSecond := last(out, `(\d+) succeeded`), last(out, `finished in .*, ([\d.]+) req/s`)
	found.say(succeeded == strconv.Itoa(h2loadRequests) && last(out, `(\d+) 2xx`) == succeeded, "h2load, %s: %s of %d requests succeeded, %s a second", name, succeeded, h2loadRequests, perSecond)
	return nil
}
