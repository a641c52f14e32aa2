package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-dev/sluice/pkg/app/echo"
)

// TestProcesses runs the program as a process that a shell started, for what
// depends on that: signals, exit codes, and commands that it prints to be pasted.
// Besides the commands of testscript there are:
//
//	backend NAME         serve on loopback as `sluice demo` does; $NAME becomes the port;
//	                     a request for /held is not answered before release
//	release              let all requests for /held be answered
//	expand FILE...       replace $NAME in files
//	await FILE REGEXP    wait until a file matches
//	serving FILE         wait until the log in a file says what is served; $HTTP, $HTTPS
//	                     and $OPS become the ports, $ADMIN the address
//	until REGEXP curl ARGS...
//	                     repeat a request until its answer matches
//	commands FILE SHELL  write the commands that a text prints to try into a file
func TestProcesses(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/process",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"backend":  processBackend,
			"release":  processRelease,
			"expand":   processExpand,
			"await":    processAwait,
			"serving":  processServing,
			"until":    processUntil,
			"commands": processCommands,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			env.Values[heldKey{}] = make(chan struct{})
			return nil
		},
	})
}

// listening is the line of the log, as JSON, that says which addresses are bound.
const listening = `"msg":"listening","http":"(.*?)","https":"(.*?)","ops":"(.*?)","admin":"(.*?)"`

func processBackend(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: backend NAME")
	}
	handler := &echo.Handler{Service: args[0], Version: args[0], Instance: args[0]}
	held := ts.Value(heldKey{}).(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			select {
			case <-held:
			case <-r.Context().Done():
			}
		}
		handler.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL[strings.LastIndex(server.URL, ":")+1:])
}

// heldKey is where a script keeps the channel that release closes.
type heldKey struct{}

func processRelease(ts *testscript.TestScript, _ bool, _ []string) {
	close(ts.Value(heldKey{}).(chan struct{}))
}

func processExpand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

func processAwait(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	awaitText(ts, args[1], func() string { return textSoFar(ts, args[0]) })
}

func processServing(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: serving FILE")
	}
	log := func() string { return textSoFar(ts, args[0]) }
	found := awaitText(ts, listening, log)
	awaitText(ts, `first table served`, log)
	for i, name := range []string{"HTTP", "HTTPS", "OPS", "ADMIN"} {
		value := found[i+1]
		if name != "ADMIN" {
			value = value[strings.LastIndex(value, ":")+1:]
		}
		ts.Setenv(name, value)
	}
}

func processUntil(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 || args[1] != "curl" {
		ts.Fatalf("usage: until REGEXP curl ARGS...")
	}
	o, err := parseCurl(args[2:])
	ts.Check(err)
	awaitText(ts, args[0], func() string {
		var answer strings.Builder
		if err := curl(o, &answer); err != nil {
			return err.Error()
		}
		return answer.String()
	})
}

func processCommands(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: commands FILE SHELL")
	}
	var found strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if command, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(command, "#") {
			found.WriteString(command)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(found.String()), 0o600))
}

// textSoFar returns what a file holds by now, which may be nothing.
func textSoFar(ts *testscript.TestScript, name string) string {
	text, err := os.ReadFile(ts.MkAbs(name))
	if err != nil && !os.IsNotExist(err) {
		ts.Check(err)
	}
	return string(text)
}

// awaitText looks again and again until what it sees matches, and returns the
// groups of the expression.
func awaitText(ts *testscript.TestScript, expression string, look func() string) []string {
	re := regexp.MustCompile("(?m)" + expression)
	deadline := time.After(patience)
	for {
		seen := look()
		if found := re.FindStringSubmatch(seen); found != nil {
			return found
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			ts.Fatalf("there is no %q after %s; there is:\n%s", expression, patience, seen)
		}
	}
}
