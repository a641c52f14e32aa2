// Command sluice is an ingress controller with its proxy in the same process:
// `sluice help` lists the verbs.
//
// In: arguments and SLUICE_ variables. Out: exit code 0 when done, 1 when
// manifests or configuration are wrong, 2 for wrong usage. Each verb has a file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	// Images have no certificates of authorities, and tokens' keys are fetched over
	// HTTPS: these count where the system has none.
	_ "golang.org/x/crypto/x509roots/fallback"
)

// The exit codes.
const (
	exitDone  = 0
	exitWrong = 1
	exitUsage = 2
)

// program is what a verb gets from its caller.
type program struct {
	ctx context.Context
	// name is what the user calls it: "sluice", or "kubectl sluice" for the plugin.
	name           string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// verb is one way to run Sluice; it returns the exit code.
type verb struct {
	name, arguments, doc string
	run                  func(p *program, args []string) int
}

// verbs in the order of the help text. A function, since help refers to it.
func verbs() []verb {
	return []verb{
		{"controller", "[FLAGS]", "serve a cluster: watch, compile, serve, write status", runController},
		{"serve", "[FLAGS] DIR", "serve the manifests below DIR without a cluster, and follow their changes", runServe},
		{"demo", "[FLAGS]", "serve the quickstart with built-in back ends, and print commands to try", runDemo},
		{"check", "[--json] DIR|-", "validate manifests; every complaint with its object and field", runCheck},
		{"explain", "[-f DIR] URL", "say why a request goes where it does", runExplain},
		{"version", "", "print the version", runVersion},
	}
}

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	go untilSignalled(cancel)
	code := run(&program{ctx, nameOf(os.Args[0]), os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	cancel()
	os.Exit(code)
}

// nameOf returns what a user types to run the program: kubectl runs
// kubectl-sluice for `kubectl sluice`.
func nameOf(executable string) string {
	if plugin, ok := strings.CutPrefix(filepath.Base(executable), "kubectl-"); ok {
		return "kubectl " + plugin
	}
	return "sluice"
}

// untilSignalled ends the context at the first SIGTERM or Ctrl-C, and the
// process at the second.
func untilSignalled(cancel context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	<-signals
	cancel()
	<-signals
	os.Exit(exitWrong)
}

// run finds the verb and runs it.
func run(p *program, args []string) int {
	if len(args) == 0 {
		p.usage(p.stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		p.usage(p.stdout)
		return exitDone
	case "--version":
		return runVersion(p, nil)
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			return v.run(p, args[1:])
		}
	}
	fmt.Fprintf(p.stderr, "%s: there is no verb %q; `%s help` lists them\n", p.name, args[0], p.name)
	return exitUsage
}

func (p *program) usage(out io.Writer) {
	fmt.Fprint(out, "Sluice: ingress controller and proxy for Kubernetes in one process\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(out, "  %s %-11s %-16s%s\n", p.name, v.name, v.arguments, v.doc)
	}
	fmt.Fprintf(out, "\n`%s VERB --help` lists the flags of a verb.\n", p.name)
}

// parse parses the flags of a verb, which may stand before and after its
// arguments, and returns the arguments, of which there must be want. done says
// that the verb must return code.
func (p *program) parse(set *flag.FlagSet, args []string, want int, help func(io.Writer)) (arguments []string, code int, done bool) {
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	for {
		err := set.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			help(p.stdout)
			return nil, exitDone, true
		}
		if err != nil {
			fmt.Fprintf(p.stderr, "%s %s: %v\n", p.name, set.Name(), err)
			return nil, exitUsage, true
		}
		if set.NArg() == 0 {
			break
		}
		arguments = append(arguments, set.Arg(0))
		args = set.Args()[1:]
	}
	if len(arguments) != want {
		fmt.Fprintf(p.stderr, "%s %s: arguments given: %d, wanted: %d\n\n", p.name, set.Name(), len(arguments), want)
		help(p.stderr)
		return nil, exitUsage, true
	}
	return arguments, exitDone, false
}

// fail prints an error under the verb's name.
func (p *program) fail(name string, err error) int {
	fmt.Fprintf(p.stderr, "%s %s: %v\n", p.name, name, err)
	return exitWrong
}
