package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"
)

// controlSocket is where the init process takes requests, inside. From outside
// it is below /proc/PID/root.
const controlSocket = "/run/control.sock"

// actions are the verbs that the init process carries out.
var actions = []string{"start", "stop", "kill", "pause", "resume"}

func isAction(verb string) bool { return slices.Contains(actions, verb) }

// request is one line of JSON, from a verb to the init process.
type request struct {
	Action    string // one of actions, or "list"
	Component string
}

// answer is the line that comes back.
type answer struct {
	Error      string
	Components []componentState // for "list"
}

// componentState describes a component at one moment.
type componentState struct {
	Name  string
	State string // "running", or in words what else
	PID   int    // in the process namespace; 0 if it does not run
	Since time.Time
}

// serveControl answers requests until ctx ends.
func (s *supervisor) serveControl(ctx context.Context, listener net.Listener, components []component) {
	context.AfterFunc(ctx, func() { listener.Close() })
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			var r request
			if err := json.NewDecoder(conn).Decode(&r); err != nil {
				return // Nobody who can be told is there.
			}
			var a answer
			if r.Action == "list" {
				a.Components = s.list(componentNames())
			} else if err := s.act(ctx, r, components); err != nil {
				a.Error = err.Error()
			}
			_ = json.NewEncoder(conn).Encode(a) // A caller that left is nobody's loss.
		}()
	}
}

// act carries out one action and returns when it is done: a started component
// is ready then, an ended one has ended.
func (s *supervisor) act(ctx context.Context, r request, components []component) error {
	i := slices.IndexFunc(components, func(c component) bool { return c.name == r.Component })
	if i < 0 {
		return fmt.Errorf("there is no component %q", r.Component)
	}
	var err error
	switch r.Action {
	case "start":
		err = s.startReady(ctx, components[i])
	case "stop":
		err = s.stop(r.Component)
	case "kill":
		err = s.kill(r.Component)
	case "pause":
		_, err = s.signal(r.Component, syscall.SIGSTOP)
	case "resume":
		_, err = s.signal(r.Component, syscall.SIGCONT)
	default:
		err = fmt.Errorf("there is no action %q", r.Action)
	}
	return err
}

// control carries out an action on a component of the running cluster.
func (c cluster) control(action, name string) error {
	if !isComponent(name) {
		return usageError(fmt.Sprintf("%q is none of %s", name, strings.Join(componentNames(), ", ")))
	}
	_, err := c.ask(request{Action: action, Component: name})
	return err
}

// ask sends a request to the init process of the running cluster.
func (c cluster) ask(r request) (answer, error) {
	if err := needRoot(); err != nil {
		return answer{}, err
	}
	i, err := c.running()
	if err != nil {
		return answer{}, err
	}
	conn, err := net.Dial("unix", i.insidePath(controlSocket))
	if err != nil {
		return answer{}, fmt.Errorf("asking cluster %s (process %d): %w", c.name, i.pid, err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.NewDecoder(conn).Decode(&a); err != nil {
		return answer{}, fmt.Errorf("cluster %s ended while it was asked: %w", c.name, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}
