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
	"syscall"
)

// The exit codes.
const (
	exitDone  = 0
	exitWrong = 1
	exitUsage = 2
)

// program is what a verb gets from its caller.
type program struct {
	ctx            context.Context
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
	code := run(&program{ctx, os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	cancel()
	os.Exit(code)
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
		usage(p.stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(p.stdout)
		return exitDone
	case "--version":
		return runVersion(p, nil)
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			return v.run(p, args[1:])
		}
	}
	fmt.Fprintf(p.stderr, "sluice: there is no verb %q; `sluice help` lists them\n", args[0])
	return exitUsage
}

func usage(out io.Writer) {
	fmt.Fprint(out, "sluice: ingress controller and proxy for Kubernetes in one process\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(out, "  sluice %-11s %-15s %s\n", v.name, v.arguments, v.doc)
	}
	fmt.Fprint(out, "\n`sluice VERB --help` lists the flags of a verb.\n")
}

// parse parses the flags of a verb and checks the number of arguments that are
// left. done says that the verb must return code.
func (p *program) parse(set *flag.FlagSet, args []string, want int, help func(io.Writer)) (code int, done bool) {
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		help(p.stdout)
		return exitDone, true
	case err != nil:
		fmt.Fprintf(p.stderr, "sluice %s: %v\n", set.Name(), err)
		return exitUsage, true
	case set.NArg() != want:
		fmt.Fprintf(p.stderr, "sluice %s: %d arguments instead of %d\n", set.Name(), set.NArg(), want)
		help(p.stderr)
		return exitUsage, true
	}
	return exitDone, false
}

// fail prints an error under the verb's name.
func (p *program) fail(name string, err error) int {
	fmt.Fprintf(p.stderr, "sluice %s: %v\n", name, err)
	return exitWrong
}
