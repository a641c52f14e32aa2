// Package apiserver runs a real etcd and kube-apiserver for tests.
//
// In: the folder of both binaries, in the environment variable KUBEBUILDER_ASSETS,
// which `make test` sets. Out: a *rest.Config with all rights. A Server is started
// by the first test that asks for it and stopped by TestMain; tests of one package
// share it, each with a namespace of its own, and do not run in parallel where
// they stop it in between.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// assets is where envtest looks for the binaries.
const assets = "KUBEBUILDER_ASSETS"

const (
	// startTimeout is generous: machines that build and test at once are slow.
	startTimeout = 2 * time.Minute
	// stopTimeout is when the API server, which lets watches go on for a minute after
	// it was told to stop, is killed instead.
	stopTimeout = 3 * time.Second
)

// Server is etcd and kube-apiserver. The zero value starts them when it is first asked.
type Server struct {
	once sync.Once
	err  error
	env  *envtest.Environment
	// certs is the folder of the API server's certificates. It is ours, so that it
	// outlives Pause.
	certs string
}

// Config starts the server, where it does not run yet, and returns how to reach it.
func (s *Server) Config(t testing.TB) *rest.Config {
	t.Helper()
	s.once.Do(func() { s.err = s.start() })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return rest.CopyConfig(s.env.Config)
}

func (s *Server) start() error {
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(os.Getenv(assets), name)); err != nil || os.Getenv(assets) == "" {
			return fmt.Errorf("this test needs %s in the folder that %s names: run `make test`", name, assets)
		}
	}
	certs, err := os.MkdirTemp("", "sluice-apiserver-")
	if err != nil {
		return err
	}
	s.certs = certs
	s.env = &envtest.Environment{
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	api := s.env.ControlPlane.GetAPIServer()
	api.CertDir = certs
	api.SecureServing.Address = "127.0.0.1"
	if api.SecureServing.Port, err = freePort(); err != nil {
		return err
	}
	if _, err := s.env.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the API server: %w", err), s.Stop())
	}
	return nil
}

// freePort returns a port that nobody uses now. It is none of those that Linux gives to whoever asks
// for any: while the API server is stopped, a client that asks for it again and again could be given
// its very port to ask from, and the API server could not have it back.
func freePort() (string, error) {
	var err error
	for range 1000 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		var ln net.Listener
		if ln, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			return port, ln.Close()
		}
	}
	return "", fmt.Errorf("no port is free: %w", err)
}

// Stop ends both processes. TestMain calls it after the tests.
func (s *Server) Stop() error {
	if s.env == nil {
		return nil
	}
	stopped := s.stopAPI()
	_ = s.env.ControlPlane.Etcd.Stop() // An error where it took its time and was killed, which is fine.
	return errors.Join(stopped, os.RemoveAll(s.certs))
}

// Empty puts a new server, without CRDs and objects, in the place of this one. To
// remove CRDs instead can take an API server minutes on a busy machine.
func (s *Server) Empty(t testing.TB) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Fatalf("stop the API server: %v", err)
	}
	s.once, s.err, s.env = sync.Once{}, nil, nil
	s.Config(t)
}

// stopAPI returns when nobody listens at the API server's address any more.
func (s *Server) stopAPI() error {
	api := s.env.ControlPlane.GetAPIServer()
	stopped := api.Stop() // An error where it had to be killed, which is fine, if it is gone.
	address := net.JoinHostPort(api.SecureServing.Address, api.SecureServing.Port)
	for end := time.Now().Add(startTimeout); time.Now().Before(end); {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil
		}
		_ = conn.Close()
	}
	return fmt.Errorf("somebody still listens at %s: %w", address, stopped)
}

// Pause stops the API server, but not etcd.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.stopAPI(); err != nil {
		t.Fatalf("stop the API server: %v", err)
	}
}

// Resume starts the API server again, under the same address.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.env.ControlPlane.GetAPIServer().Start(); err != nil {
		t.Fatalf("start the API server again: %v", err)
	}
}

// InstallCRDs installs the CRDs of config/crd/bases and waits until they are served.
func (s *Server) InstallCRDs(t testing.TB) {
	t.Helper()
	if _, err := envtest.InstallCRDs(s.Config(t), crds()); err != nil {
		t.Fatalf("install the CRDs: %v", err)
	}
}

// Namespace makes a namespace for one test and returns its name. It is not
// removed: no controller runs that would empty it.
func (s *Server) Namespace(t testing.TB) string {
	t.Helper()
	clients, err := kubernetes.NewForConfig(s.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	made, err := clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: prefix(t.Name())},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("make a namespace: %v", err)
	}
	return made.Name
}

// prefix makes the beginning of a name of a namespace from the name of a test.
func prefix(test string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(test))
	return strings.Trim(name[:min(len(name), 40)], "-") + "-"
}

// crds names the CRDs of this repository.
func crds() envtest.CRDInstallOptions {
	return envtest.CRDInstallOptions{
		Paths:              []string{filepath.Join(root(), "config", "crd", "bases")},
		ErrorIfPathMissing: true,
		MaxTime:            startTimeout,
		CleanUpAfterUse:    false,
	}
}

// root is the folder of this repository.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "..")
}
