package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A supervisor runs the components as children of the init process. It does
// not restart what ended by itself: a test must see that.
//
// It also reaps every orphan of the process namespace, so nothing else in this
// process may wait for a child (os/exec does).
type supervisor struct {
	dir  string // in which processes run
	logs string // directory of their logs
	// close ends the reaping; components run on.
	close func()

	// mu guards what follows. It is held while a process starts, so that its end
	// is not noticed before it is known.
	mu        sync.Mutex
	processes map[string]*process
}

// A process is a component that was started.
type process struct {
	pid     int // in the process namespace
	started time.Time
	paused  bool
	ended   chan struct{} // closed at its end
	how     string        // it ended; written before ended is closed
}

// newSupervisor starts to reap, until close is called. A process can have one
// supervisor at a time.
func newSupervisor(dir, logs string) *supervisor {
	s := &supervisor{dir: dir, logs: logs, processes: map[string]*process{}}
	children, reaped := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		defer close(reaped)
		for range children {
			s.reap()
		}
	}()
	s.close = func() {
		signal.Stop(children)
		close(children) // Nobody sends after Stop has returned.
		<-reaped
	}
	return s
}

// reap collects all children that ended.
func (s *supervisor) reap() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		for _, p := range s.processes {
			if p.pid == pid && p.running() {
				p.how = describe(status)
				close(p.ended)
			}
		}
	}
}

// describe says how a process ended.
func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "ended by signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exited with %d", status.ExitStatus())
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// start starts a component. Its log is appended to, under its name.
func (s *supervisor) start(c component) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.processes[c.name]; p != nil && p.running() {
		return nil, fmt.Errorf("%s runs already", c.name)
	}
	path := c.args[0]
	if !strings.Contains(path, "/") {
		if path = lookUp(path); path == "" {
			return nil, fmt.Errorf("no %s in %s", c.args[0], searchPath)
		}
	}
	log, err := os.OpenFile(filepath.Join(s.logs, c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	child, err := os.StartProcess(path, c.args, &os.ProcAttr{
		Dir: s.dir, Env: environment, Files: []*os.File{null, log, log},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.name, err)
	}
	p := &process{pid: child.Pid, started: time.Now(), ended: make(chan struct{})}
	s.processes[c.name] = p
	return p, child.Release()
}

// startReady starts a component and waits until it is ready, or has ended.
func (s *supervisor) startReady(ctx context.Context, c component) error {
	p, err := s.start(c)
	if err != nil || c.ready == nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.ended:
			cancel(fmt.Errorf("%s %s", c.name, p.how))
		case <-ctx.Done():
		}
	}()
	err = await(ctx, c.name, 2*time.Minute, c.ready)
	if err != nil && !p.running() {
		return context.Cause(ctx)
	}
	return err
}

// run runs a program to its end, which must be a good one.
func (s *supervisor) run(name string, args ...string) error {
	p, err := s.start(component{name: name, args: args})
	if err != nil {
		return err
	}
	<-p.ended
	s.mu.Lock()
	delete(s.processes, name)
	s.mu.Unlock()
	if p.how != "exited with 0" {
		return fmt.Errorf("%s %s", strings.Join(args, " "), p.how)
	}
	return nil
}

// signal sends a signal to a component that runs.
func (s *supervisor) signal(name string, sig syscall.Signal) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.processes[name]
	if p == nil || !p.running() {
		return nil, fmt.Errorf("%s does not run", name)
	}
	// It has not been reaped (that takes the mutex), so the number is still its own.
	if err := syscall.Kill(p.pid, sig); err != nil {
		return nil, fmt.Errorf("signalling %s: %w", name, err)
	}
	switch sig {
	case syscall.SIGSTOP:
		p.paused = true
	case syscall.SIGCONT:
		p.paused = false
	}
	return p, nil
}

// grace is the time that stop gives a component to end by itself.
const grace = 10 * time.Second

// stop ends a component, gracefully at first.
func (s *supervisor) stop(name string) error {
	p, err := s.signal(name, syscall.SIGTERM)
	if err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(grace):
		return s.kill(name)
	}
}

// kill ends a component at once.
func (s *supervisor) kill(name string) error {
	p, err := s.signal(name, syscall.SIGKILL)
	if err != nil {
		return err
	}
	<-p.ended
	return nil
}

// list returns the state of all components, in the order of names.
func (s *supervisor) list(names []string) []componentState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var states []componentState
	for _, name := range names {
		state := componentState{Name: name, State: "not started"}
		if p := s.processes[name]; p != nil {
			state.PID, state.Since, state.State = p.pid, p.started, "running"
			switch {
			case !p.running():
				state.PID, state.State = 0, p.how
			case p.paused:
				state.State = "paused"
			}
		}
		states = append(states, state)
	}
	return states
}
