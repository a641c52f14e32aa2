package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": main, "kubectl-sluice": main, "curl": curlMain})
}

// TestScripts runs testdata/script/*.txtar, each in a folder of its own that
// holds the script's files, with `sluice` in the PATH. Besides the commands of
// testscript there are:
//
//	status CODE PROGRAM ARGS...   run a program and want this exit code
//	backend NAME NAMESPACE/SERVICE FILE
//	                              serve on loopback as NAME, and write an EndpointSlice for it
//	secret [-expired|-unfit] NAMESPACE/NAME HOST FILE
//	                              write a TLS Secret with a new certificate
//	paths NUMBER FILE             write an Ingress with that many paths
//	serve ARGS...                 start `sluice serve` on free ports and wait until it serves;
//	                              $HTTP, $HTTPS, $OPS and $ADMIN become its addresses
//	request STATUS [-H LINE] URL [REGEXP]
//	                              send a request to that process and compare status and
//	                              response
//	await STATUS [-H LINE] URL [REGEXP]
//	                              the same, again and again until it is so
//	logged REGEXP                 wait until the process has logged this
//	stop                          interrupt the process, want exit code 0, and put what it
//	                              wrote into the files serve.stdout and serve.stderr
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  scriptStatus,
			"backend": scriptBackend,
			"secret":  scriptSecret,
			"paths":   scriptPaths,
			"serve":   scriptServe,
			"request": scriptRequest,
			"await":   scriptAwait,
			"logged":  scriptLogged,
			"stop":    scriptStop,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			env.Values[processKey{}] = new(process)
			return nil
		},
	})
}

// patience bounds how long a script waits for anything. It is long, since it is
// only there to end a script that has failed.
const patience = 90 * time.Second

// raceOptions let programs with the race detector end without a second's sleep.
const raceOptions = "atexit_sleep_ms=0"

// process is the `sluice serve` of a script.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr output
	exited         chan error
}

type processKey struct{}

func processOf(ts *testscript.TestScript) *process { return ts.Value(processKey{}).(*process) }

// output collects what a process writes.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARGS...")
	}
	got := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d instead of %s", got, args[0])
	}
}

func scriptBackend(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: backend NAME NAMESPACE/SERVICE FILE")
	}
	name := args[0]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s got %s %s over %s\n", name, r.Method, r.URL.Path, r.Header.Get("X-Forwarded-Proto"))
	}))
	ts.Defer(server.Close)
	ts.Setenv(name, server.Listener.Addr().String())
	namespace, service, _ := strings.Cut(args[1], "/")
	text := fmt.Sprintf(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[2]s-a, namespace: %[1]s, labels: {kubernetes.io/service-name: %[2]s}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{port: %[3]d}]
`, namespace, service, server.Listener.Addr().(*net.TCPAddr).Port)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
}

func scriptServe(ts *testscript.TestScript, _ bool, args []string) {
	p := processOf(ts)
	if p.cmd != nil {
		ts.Fatalf("a process is running already")
	}
	const free = "127.0.0.1:0"
	path, err := exec.LookPath("sluice")
	ts.Check(err)
	p.cmd = exec.Command(path, append([]string{"serve", "--http-addr", free, "--https-addr", free, "--ops-addr", free, "--admin-addr", free}, args...)...)
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.exited = make(chan error, 1)
	ts.Check(p.cmd.Start())
	go func(cmd *exec.Cmd) { p.exited <- cmd.Wait() }(p.cmd)
	ts.Defer(func() {
		if p.cmd != nil {
			p.end(ts)
		}
	})
	found := p.awaitLog(ts, listening)
	p.awaitLog(ts, `first table served`)
	for i, name := range []string{"HTTP", "HTTPS", "OPS", "ADMIN"} {
		ts.Setenv(name, found[i+1])
	}
}

// awaitLog waits for a line of the process's log.
func (p *process) awaitLog(ts *testscript.TestScript, pattern string) []string {
	re := regexp.MustCompile("(?m)" + pattern)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); pause() {
		if found := re.FindStringSubmatch(p.stderr.String()); found != nil {
			return found
		}
		select {
		case err := <-p.exited:
			p.exited <- err
			ts.Fatalf("the process ended (%v) and had logged:\n%s", err, &p.stderr)
		default:
		}
	}
	ts.Fatalf("the log has no %q:\n%s", pattern, &p.stderr)
	return nil
}

// pause is how often something is looked at.
func pause() { <-time.After(20 * time.Millisecond) }

func scriptLogged(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: logged REGEXP")
	}
	processOf(ts).awaitLog(ts, args[0])
}

func scriptStop(ts *testscript.TestScript, _ bool, _ []string) {
	p := processOf(ts)
	if err := p.end(ts); err != nil {
		ts.Fatalf("the process ended with %v:\n%s", err, &p.stderr)
	}
	ts.Check(os.WriteFile(ts.MkAbs("serve.stdout"), []byte(p.stdout.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("serve.stderr"), []byte(p.stderr.String()), 0o600))
}

// end interrupts the process and waits for it.
func (p *process) end(ts *testscript.TestScript) error {
	cmd := p.cmd
	p.cmd = nil
	ts.Check(cmd.Process.Signal(os.Interrupt))
	select {
	case err := <-p.exited:
		return err
	case <-time.After(patience):
		ts.Check(cmd.Process.Signal(syscall.SIGKILL))
		<-p.exited
		ts.Fatalf("the process did not end:\n%s", &p.stderr)
		return nil
	}
}

func scriptRequest(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(parseWish(ts, args).try())
}

func scriptAwait(ts *testscript.TestScript, _ bool, args []string) {
	w := parseWish(ts, args)
	err := w.try()
	for deadline := time.Now().Add(patience); err != nil; err = w.try() {
		if time.Now().After(deadline) {
			ts.Fatalf("%v; the process logged:\n%s", err, &processOf(ts).stderr)
		}
		pause()
	}
}

// wish is a request and what is wanted of its response.
type wish struct {
	url     string
	header  http.Header
	status  int
	pattern *regexp.Regexp
	client  *http.Client
}

func parseWish(ts *testscript.TestScript, args []string) *wish {
	w := &wish{header: make(http.Header), pattern: regexp.MustCompile("")}
	var err error
	var plain []string
	for i := 0; i < len(args); i++ {
		if args[i] != "-H" {
			plain = append(plain, args[i])
			continue
		}
		i++
		name, value, _ := strings.Cut(args[i], ":")
		w.header.Add(name, strings.TrimSpace(value))
	}
	switch len(plain) {
	case 3:
		w.pattern, err = regexp.Compile("(?m)" + plain[2])
		ts.Check(err)
	case 2:
	default:
		ts.Fatalf("usage: request STATUS [-H LINE] URL [REGEXP]")
	}
	w.status, err = strconv.Atoi(plain[0])
	ts.Check(err)
	w.url = plain[1]
	w.client = clientTo(ts.Getenv("HTTP"), ts.Getenv("HTTPS"))
	ts.Defer(w.client.CloseIdleConnections)
	return w
}

// clientTo makes a client that reaches every host at two addresses, believes
// every certificate and follows no redirect.
func clientTo(plain, secure string) *http.Client {
	dialer := &net.Dialer{Timeout: patience}
	return &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if _, port, _ := net.SplitHostPort(address); port == "443" {
					return dialer.DialContext(ctx, network, secure)
				}
				return dialer.DialContext(ctx, network, plain)
			},
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // Certificates of tests are self-signed.
			ForceAttemptHTTP2: true,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// try sends the request. What the pattern sees is the response's header lines,
// for HTTPS names and subject of the certificate as "Certificate: ", and the body.
func (w *wish) try() error {
	req, err := http.NewRequest(http.MethodGet, w.url, nil)
	if err != nil {
		return err
	}
	req.Header = w.header
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if err := resp.Header.Write(&text); err != nil {
		return err
	}
	if resp.TLS != nil {
		leaf := resp.TLS.PeerCertificates[0]
		fmt.Fprintf(&text, "Certificate: %s %s\n", strings.Join(leaf.DNSNames, ","), leaf.Subject)
	}
	text.WriteString("\n")
	if _, err := io.Copy(&text, resp.Body); err != nil {
		return err
	}
	shown := strings.ReplaceAll(text.String(), "\r\n", "\n")
	if resp.StatusCode != w.status || !w.pattern.MatchString(shown) {
		return fmt.Errorf("%s: got %d, want %d and %q in:\n%s", w.url, resp.StatusCode, w.status, w.pattern, shown)
	}
	return nil
}

func scriptPaths(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: paths NUMBER FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var text strings.Builder
	text.WriteString("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: many, namespace: default}\nspec:\n  rules:\n  - host: many.example.com\n    http:\n      paths:\n")
	for i := range n {
		fmt.Fprintf(&text, "      - {path: /p/%d, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}\n", i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
}

func scriptSecret(ts *testscript.TestScript, _ bool, args []string) {
	var kind string
	if len(args) == 4 {
		kind, args = args[0], args[1:]
	}
	if len(args) != 3 {
		ts.Fatalf("usage: secret [-expired|-unfit] NAMESPACE/NAME HOST FILE")
	}
	namespace, name, _ := strings.Cut(args[0], "/")
	text, err := tlsSecret(namespace, name, args[1], kind)
	ts.Check(err)
	// A file that is written anew under another name first is never seen half.
	file := ts.MkAbs(args[2])
	temporary := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".new")
	ts.Check(os.WriteFile(temporary, text, 0o600))
	ts.Check(os.Rename(temporary, file))
}
