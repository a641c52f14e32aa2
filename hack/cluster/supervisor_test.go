package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newTestSupervisor returns a supervisor in a directory of its own, and the directory.
func newTestSupervisor(t *testing.T) (*supervisor, string) {
	dir := t.TempDir()
	s := newSupervisor(dir, dir)
	t.Cleanup(s.close)
	return s, dir
}

// ask sends one request to the supervisor's socket, as a verb does.
func ask(t *testing.T, socket string, r request) answer {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.NewDecoder(conn).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestActions takes a component through its life by requests.
func TestActions(t *testing.T) {
	s, dir := newTestSupervisor(t)
	socket := filepath.Join(dir, "control.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	go s.serveControl(t.Context(), listener, []component{
		{name: "etcd", args: []string{"/bin/sh", "-c", "exec sleep 1000"}},
		{name: "kubelet", args: []string{"/bin/sh", "-c", "exit 3"}, ready: func(context.Context) error { return errors.New("not yet") }},
		{name: "kube-proxy", args: []string{"no-such-program"}},
	})
	steps := []struct {
		action, component string
		err               string // part of it
		state             string // of etcd, after it
	}{
		{"stop", "etcd", "etcd does not run", "not started"},
		{"start", "etcd", "", "running"},
		{"start", "etcd", "etcd runs already", "running"},
		{"pause", "etcd", "", "paused"},
		{"resume", "etcd", "", "running"},
		{"stop", "etcd", "", "ended by signal: terminated"},
		{"start", "etcd", "", "running"},
		{"kill", "etcd", "", "ended by signal: killed"},
		{"start", "kubelet", "kubelet exited with 3", "ended by signal: killed"},
		{"start", "kube-proxy", "no no-such-program in", "ended by signal: killed"},
		{"start", "kubeadm", `no component "kubeadm"`, "ended by signal: killed"},
		{"reboot", "etcd", `no action "reboot"`, "ended by signal: killed"},
	}
	for _, step := range steps {
		a := ask(t, socket, request{Action: step.action, Component: step.component})
		if (a.Error == "") != (step.err == "") || !strings.Contains(a.Error, step.err) {
			t.Errorf("%s %s: error = %q, want one with %q", step.action, step.component, a.Error, step.err)
		}
		for _, state := range ask(t, socket, request{Action: "list"}).Components {
			if state.Name == "etcd" && state.State != step.state {
				t.Errorf("after %s %s: etcd is %q, want %q", step.action, step.component, state.State, step.state)
			}
			if running := state.State == "running" || state.State == "paused"; running != (state.PID != 0) {
				t.Errorf("after %s %s: %s is %q with process %d", step.action, step.component, state.Name, state.State, state.PID)
			}
		}
	}
}

func TestRunReportsFailure(t *testing.T) {
	s, dir := newTestSupervisor(t)
	if err := s.run("good", "/bin/sh", "-c", "exit 0"); err != nil {
		t.Error(err)
	}
	if err := s.run("bad", "/bin/sh", "-c", "echo why; exit 1"); err == nil || !strings.Contains(err.Error(), "exited with 1") {
		t.Errorf("error = %v, want one that says how it ended", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "bad.log")); err != nil || string(text) != "why\n" {
		t.Errorf("log = %q, %v", text, err)
	}
}
