package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// proxy is one program under load.
type proxy struct {
	name string
	port int
	pid  int
}

// stage is the back end and the proxies before it.
type stage struct {
	proxies []proxy
	started []*exec.Cmd
}

// readyWithin bounds how long a program may take until its port answers.
const readyWithin = 15 * time.Second

// startStage writes the configurations below dir and starts everything.
func startStage(ctx context.Context, dir, sluice string) (*stage, error) {
	ports, err := freePorts(7)
	if err != nil {
		return nil, err
	}
	origin, ha, ng, rp, sl := ports[0], ports[1], ports[2], ports[3], ports[4]
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"origin.conf":       nginxOrigin(dir, origin),
		"nginx.conf":        nginxProxy(dir, ng, origin),
		"haproxy.cfg":       haproxyConfig(ha, origin),
		"sluice/bench.yaml": sluiceManifests(origin),
	}
	if err := writeFiles(dir, files); err != nil {
		return nil, err
	}
	s := &stage{}
	commands := []struct {
		name string
		port int
		argv []string
	}{
		{"", origin, []string{"nginx", "-c", filepath.Join(dir, "origin.conf"), "-p", dir}},
		{"haproxy", ha, []string{"haproxy", "-db", "-f", filepath.Join(dir, "haproxy.cfg")}},
		{"nginx", ng, []string{"nginx", "-c", filepath.Join(dir, "nginx.conf"), "-p", dir}},
		{"sluice", sl, []string{sluice, "serve", "--http-addr", addr(sl), "--https-addr", addr(ports[5]), "--ops-addr", addr(ports[6]), "--admin-addr", "off", filepath.Join(dir, "sluice")}},
		{"httputil.ReverseProxy", rp, []string{self, reverseProxyVerb, addr(rp), addr(origin)}},
	}
	for _, c := range commands {
		pid, err := s.start(ctx, dir, c.argv, c.port)
		if err != nil {
			s.stop()
			return nil, err
		}
		if c.name != "" {
			s.proxies = append(s.proxies, proxy{c.name, c.port, pid})
		}
	}
	return s, nil
}

// start runs one program, its output in a file of dir, and waits for its port.
func (s *stage) start(ctx context.Context, dir string, argv []string, port int) (int, error) {
	path, err := findProgram(argv[0])
	if err != nil {
		return 0, err
	}
	log, err := os.CreateTemp(dir, filepath.Base(argv[0])+"-*.log")
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd := exec.Command(path, argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	s.started = append(s.started, cmd)
	if err := waitPort(ctx, port); err != nil {
		said, _ := os.ReadFile(log.Name())
		return 0, fmt.Errorf("%s: %w: %s", argv[0], err, said)
	}
	return cmd.Process.Pid, nil
}

// stop ends what was started, the last first.
func (s *stage) stop() {
	for i := len(s.started) - 1; i >= 0; i-- {
		cmd := s.started[i]
		_ = cmd.Process.Signal(syscall.SIGTERM)
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
}

func waitPort(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "tcp", addr(port))
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return errors.New("its port did not open")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePorts finds ports that nobody listens on just now.
func freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func addr(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(strings.TrimLeft(text, "\n")), 0o600); err != nil {
			return err
		}
	}
	return nil
}
