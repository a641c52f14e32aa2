package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// proxy is one program under load.
type proxy struct {
	name string
	pid  int
	ports
}

// stage is the back ends and the proxies before them.
type stage struct {
	proxies []proxy // the first is what the others are compared with
	sluice  proxy
	many    proxy // Sluice with many more routes
	started []*exec.Cmd
}

// readyWithin bounds how long a program may take until its port answers.
const readyWithin = 30 * time.Second

// at makes a target of each proxy.
func (s *stage) at(url func(proxy) string) []target {
	targets := make([]target, 0, len(s.proxies))
	for _, p := range s.proxies {
		targets = append(targets, target{name: p.name, pid: p.pid, url: url(p)})
	}
	return targets
}

// startStage writes the configurations below dir and starts everything.
func startStage(ctx context.Context, dir string, o options) (*stage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	free, err := freePorts(32)
	if err != nil {
		return nil, err
	}
	take := func() int { p := free[0]; free = free[1:]; return p }
	origin, grpc := take(), take()
	place := func(shared bool) ports {
		p := ports{clear: take(), secure: take(), origin: origin, grpc: grpc}
		p.clear2 = p.clear
		if !shared {
			p.clear2 = take()
		}
		return p
	}
	ha, ng, rp, sl, many, ca := place(false), place(false), place(true), place(true), place(true), place(true)
	ha.tcp, sl.tcp = take(), take()
	cert, key, err := selfSigned()
	if err != nil {
		return nil, err
	}
	err = writeFiles(dir, map[string]string{
		"files/64k":        strings.Repeat("0123456789abcdef", 64<<10/16),
		"files/10m":        strings.Repeat("0123456789abcdef", 10<<20/16),
		"tls.crt":          cert,
		"tls.key":          key,
		"haproxy.pem":      cert + key,
		"origin.conf":      nginxOrigin(dir, origin, grpc),
		"nginx.conf":       nginxProxy(dir, ng),
		"haproxy.cfg":      haproxyConfig(dir, ha),
		"Caddyfile":        caddyfile(dir, ca),
		"sluice/all.yaml":  backends(sl, cert, key) + sluiceManifests() + featureManifests(sl) + tcpManifests(),
		"many/all.yaml":    backends(many, cert, key) + sluiceManifests(),
		"many/routes.yaml": manyManifests(),
	})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	s := &stage{}
	serve := func(p ports, manifests string) []string {
		return serveCommand(o.sluice, p, take(), filepath.Join(dir, manifests))
	}
	commands := []struct {
		name  string
		ports ports
		argv  []string
	}{
		{"", ports{clear: grpc}, []string{self, "origin", addr(grpc)}},
		{"", ports{clear: origin}, []string{"nginx", "-c", filepath.Join(dir, "origin.conf"), "-p", dir}},
		{"haproxy", ha, []string{"haproxy", "-db", "-f", filepath.Join(dir, "haproxy.cfg")}},
		{"nginx", ng, []string{"nginx", "-c", filepath.Join(dir, "nginx.conf"), "-p", dir}},
		{"sluice", sl, serve(sl, "sluice")},
		{"caddy", ca, []string{o.caddy, "run", "--adapter", "caddyfile", "--config", filepath.Join(dir, "Caddyfile")}},
		{"httputil.ReverseProxy", rp, []string{self, "reverseproxy", addr(rp.clear), addr(rp.secure), addr(origin), addr(grpc), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}},
		{"many", many, serve(many, "many")},
	}
	for _, c := range commands {
		if c.argv[0] == "" || c.name != "" && c.name != "sluice" && c.name != "many" && len(o.peers) > 0 && !slices.Contains(o.peers, c.name) {
			continue
		}
		if c.name == "many" && !o.wants(workload{name: "routes"}) {
			continue
		}
		pid, err := s.start(ctx, dir, c.argv, c.ports.clear)
		if err != nil {
			s.stop()
			return nil, err
		}
		s.add(proxy{c.name, pid, c.ports})
	}
	return s, nil
}

// serveCommand is Sluice as it serves a folder.
func serveCommand(binary string, p ports, ops int, manifests string) []string {
	argv := []string{
		binary, "serve", "--http-addr", addr(p.clear), "--https-addr", addr(p.secure), "--ops-addr", addr(ops),
		"--admin-addr", "off",
	}
	if p.tcp != 0 {
		argv = append(argv, "--port-map", fmt.Sprintf("%d=%d", tcpPort, p.tcp))
	}
	return append(argv, manifests)
}

// add puts a started proxy where it belongs; a back end has no name.
func (s *stage) add(p proxy) {
	switch p.name {
	case "":
		return
	case "many":
		s.many = p
		return
	case "sluice":
		s.sluice = p
	}
	s.proxies = append(s.proxies, p)
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

// hostPort is the same by name, for what takes SNI from it.
func hostPort(port int) string { return fmt.Sprintf("%s:%d", benchHost, port) }

func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		// Workers of nginx that gave up root read the back end's files.
		if err := os.WriteFile(path, []byte(strings.TrimLeft(text, "\n")), 0o644); err != nil {
			return err
		}
	}
	return nil
}
