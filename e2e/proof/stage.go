package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stage is a running Sluice and the folder that it serves.
type stage struct {
	http, https, ops string
	folder           string

	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan error

	// mu guards blamed: what the access log said last of requests at which an endpoint or Sluice itself failed.
	mu     sync.Mutex
	blamed []string
}

// maxBlamed bounds the lines of the access log that are kept.
const maxBlamed = 20

// The names that the stage has a certificate for.
const (
	webHost  = "web.example.com"
	grpcHost = "grpc.example.com"
)

// readyWithin bounds how long Sluice may take to serve, and endsWithin how long to end.
const (
	readyWithin = 30 * time.Second
	endsWithin  = 40 * time.Second
)

// startStage serves manifests: texts by the name of their file.
func startStage(ctx context.Context, binary string, manifests map[string]string) (*stage, error) {
	folder, err := os.MkdirTemp("", "sluice-proof-")
	if err != nil {
		return nil, err
	}
	s := &stage{folder: folder, ended: make(chan error, 1)}
	for name, text := range manifests {
		if err := s.write(name, text); err != nil {
			return nil, errors.Join(err, os.RemoveAll(folder))
		}
	}
	for _, address := range []*string{&s.http, &s.https, &s.ops} {
		if *address, err = freeAddress("127.0.0.1"); err != nil {
			return nil, errors.Join(err, os.RemoveAll(folder))
		}
	}
	s.cmd = exec.Command(binary, "serve", folder, "--http-addr", s.http, "--https-addr", s.https, "--ops-addr", s.ops,
		"--admin-addr", "off", "--drain-timeout", "10s", "--log-level", "warn")
	s.cmd.Stderr = &s.stderr
	accessLog, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	go func() {
		s.watchLog(accessLog)
		s.ended <- s.cmd.Wait()
	}()
	if err := s.ready(ctx); err != nil {
		_ = s.cmd.Process.Kill()
		return nil, errors.Join(err, <-s.ended, fmt.Errorf("it said: %s", s.stderr.String()), os.RemoveAll(folder))
	}
	return s, nil
}

// watchLog reads the access log to its end.
func (s *stage) watchLog(accessLog io.Reader) {
	lines := bufio.NewScanner(accessLog)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Bytes(); bytes.Contains(line, []byte(`"fault":"upstream"`)) || bytes.Contains(line, []byte(`"fault":"internal"`)) {
			s.mu.Lock()
			s.blamed = append(s.blamed, string(line))
			s.blamed = s.blamed[max(0, len(s.blamed)-maxBlamed):]
			s.mu.Unlock()
		}
	}
	// A line that is too long is no reason to let Sluice wait.
	_, _ = discard(accessLog)
}

// ready waits until Sluice serves.
func (s *stage) ready(ctx context.Context) error {
	for end := time.Now().Add(readyWithin); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("sluice ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		resp, err := opsClient.Get("http://" + s.ops + "/readyz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("sluice does not become ready")
}

// opsClient leaves no connection behind that would be counted.
var opsClient = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// write makes or replaces a file of the folder in one step.
func (s *stage) write(name, text string) error {
	part := filepath.Join(s.folder, "."+name)
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(s.folder, name))
}

// stop drains Sluice. The error says how it ended, if not well.
func (s *stage) stop() error {
	defer os.RemoveAll(s.folder)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("%w; sluice said: %s", errors.Join(err, <-s.ended), s.stderr.String())
	}
	select {
	case err := <-s.ended:
		if err != nil {
			return fmt.Errorf("sluice ended with %w; it said: %s", err, s.stderr.String())
		}
		return nil
	case <-time.After(endsWithin):
		_ = s.cmd.Process.Kill()
		return fmt.Errorf("sluice did not end within %v (%w); it said: %s", endsWithin, <-s.ended, s.stderr.String())
	}
}

// freeAddress returns an address that nobody listens on just now.
func freeAddress(ip string) (string, error) {
	ln, err := net.Listen("tcp", ip+":0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// portOf returns the port of an address that was listened on.
func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// service is the manifest of a Service with endpoints at one port of loopback addresses.
func service(name, appProtocol, port string, ips ...string) string {
	protocol := ""
	if appProtocol != "" {
		protocol = ", appProtocol: " + appProtocol
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: proof}
spec: {ports: [{port: 80%[2]s}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, namespace: proof, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports: [{port: %[3]s}]
endpoints: [{addresses: [%[4]s]}]
`, name, protocol, port, strings.Join(ips, "]}, {addresses: ["))
}

// ingress is the manifest of an Ingress that leads a path of a host to a Service.
func ingress(name, host, path, service string) string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: %s
  namespace: proof
  annotations: {nginx.ingress.kubernetes.io/ssl-redirect: "false", nginx.ingress.kubernetes.io/proxy-body-size: "0"}
spec:
  tls: [{hosts: [%s], secretName: tls}]
  rules:
  - host: %[2]s
    http: {paths: [{path: %s, pathType: Prefix, backend: {service: {name: %s, port: {number: 80}}}}]}
`, name, host, path, service)
}

// secret is the manifest of a certificate for the names of the stage.
func secret() (string, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{webHost, grpcHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", err
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: proof}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n",
		encode("CERTIFICATE", der), encode("PRIVATE KEY", privateDER)), nil
}

// discard reads until the end.
func discard(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }
