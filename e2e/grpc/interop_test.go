package grpc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	"google.golang.org/grpc/interop/grpc_testing"
)

// manifests lead all hosts to HOST and PORT by gRPC.
const manifests = `
apiVersion: v1
kind: Secret
metadata: {name: tls, namespace: demo}
type: kubernetes.io/tls
data: {tls.crt: CERT, tls.key: KEY}
---
apiVersion: v1
kind: Service
metadata: {name: grpc, namespace: demo}
spec: {ports: [{port: 80, appProtocol: grpc}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: grpc-1, namespace: demo, labels: {kubernetes.io/service-name: grpc}}
addressType: IPv4
ports: [{port: PORT}]
endpoints: [{addresses: [127.0.0.1]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: grpc
  namespace: demo
  annotations: {nginx.ingress.kubernetes.io/ssl-redirect: "false"}
spec:
  ingressClassName: sluice
  tls: [{hosts: [grpc.example.com], secretName: tls}]
  rules:
  - host: grpc.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: grpc, port: {number: 80}}}}]}
`

// cases are those that need no credentials. Each ends the process where it fails, as gRPC's own do.
var cases = []struct {
	name string
	do   func(context.Context, *grpc.ClientConn, grpc_testing.TestServiceClient)
}{
	{"empty_unary", plain(interop.DoEmptyUnaryCall)},
	{"large_unary", plain(interop.DoLargeUnaryCall)},
	{"client_streaming", plain(interop.DoClientStreaming)},
	{"server_streaming", plain(interop.DoServerStreaming)},
	{"ping_pong", plain(interop.DoPingPong)},
	{"empty_stream", plain(interop.DoEmptyStream)},
	{"timeout_on_sleeping_server", plain(interop.DoTimeoutOnSleepingServer)},
	{"cancel_after_begin", plain(interop.DoCancelAfterBegin)},
	{"cancel_after_first_response", plain(interop.DoCancelAfterFirstResponse)},
	{"custom_metadata", plain(interop.DoCustomMetadata)},
	{"status_code_and_message", plain(interop.DoStatusCodeAndMessage)},
	{"special_status_message", plain(interop.DoSpecialStatusMessage)},
	{"unimplemented_method", func(ctx context.Context, cc *grpc.ClientConn, _ grpc_testing.TestServiceClient) {
		interop.DoUnimplementedMethod(ctx, cc)
	}},
	{"unimplemented_service", func(ctx context.Context, cc *grpc.ClientConn, _ grpc_testing.TestServiceClient) {
		interop.DoUnimplementedService(ctx, grpc_testing.NewUnimplementedServiceClient(cc))
	}},
}

func plain(do func(context.Context, grpc_testing.TestServiceClient, ...grpc.CallOption)) func(context.Context, *grpc.ClientConn, grpc_testing.TestServiceClient) {
	return func(ctx context.Context, _ *grpc.ClientConn, tc grpc_testing.TestServiceClient) { do(ctx, tc) }
}

func TestInteropThroughSluice(t *testing.T) {
	ln := listen(t)
	server := grpc.NewServer()
	grpc_testing.RegisterTestServiceServer(server, interop.NewTestServer())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	clear, secure := serve(t, ln.Addr().(*net.TCPAddr).Port)
	for name, c := range map[string]struct {
		address     string
		credentials credentials.TransportCredentials
	}{
		"clear text": {clear, insecure.NewCredentials()},
		"TLS":        {secure, credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, ServerName: "grpc.example.com"})},
	} {
		passed := 0
		cc, err := grpc.NewClient("passthrough:///"+c.address, grpc.WithTransportCredentials(c.credentials), grpc.WithAuthority("grpc.example.com"))
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range cases {
			t.Run(name+"/"+one.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				one.do(ctx, cc, grpc_testing.NewTestServiceClient(cc))
				passed++
			})
		}
		if err := cc.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("gRPC interop over %s: %d of %d", name, passed, len(cases))
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// log collects what the program logs.
type log struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// listening is the line of the log that says which addresses are bound.
var listening = regexp.MustCompile(`"msg":"listening","http":"(.*?)","https":"(.*?)"`)

// serve runs the program with the manifests, and returns where it serves.
func serve(t *testing.T, port int) (clear, secure string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sluice")
	build := exec.Command("go", "build", "-o", program, "./cmd/sluice")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	dir := t.TempDir()
	cert, key := certificate(t)
	text := strings.NewReplacer("PORT", fmt.Sprint(port), "CERT", cert, "KEY", key).Replace(manifests)
	if err := os.WriteFile(filepath.Join(dir, "grpc.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const free = "127.0.0.1:0"
	log, ended := new(log), make(chan error, 1)
	cmd := exec.Command(program, "serve", dir, "--http-addr", free, "--https-addr", free, "--ops-addr", "off", "--admin-addr", "off", "--log-format", "json")
	cmd.Stdout, cmd.Stderr = io.Discard, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Errorf("sluice ended with %v\n%s", err, log)
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		found := listening.FindStringSubmatch(log.String())
		switch {
		case found != nil && strings.Contains(log.String(), "first table served"):
			return found[1], found[2]
		case len(ended) > 0, time.Now().After(end):
			t.Fatalf("sluice does not serve:\n%s", log)
		}
	}
}

// certificate makes one for grpc.example.com, in the form of a Secret.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"grpc.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", privateDER)
}
