package main

import (
	"fmt"
	"io"

	"github.com/sluice-dev/sluice/pkg/app"
)

// runDemo serves the quickstart on loopback, with back ends of its own.
func runDemo(p *program, args []string) int {
	o := demoOptions()
	o.Log, o.AccessLog = p.stderr, p.stdout
	set, err := app.Flags(app.VerbServe, "demo", &o)
	if err != nil {
		return p.fail("demo", err)
	}
	help := func(out io.Writer) {
		fmt.Fprintf(out, "%s demo [FLAGS]\n\nServes examples/quickstart with built-in back ends. The flags are those of `%s serve`.\n\n", p.name, p.name)
		app.Usage(out, app.VerbServe, demoOptions())
	}
	if _, code, done := p.parse(set, args, 0, help); done {
		return code
	}
	a, err := app.New(o)
	if err != nil {
		return p.fail("demo", err)
	}
	if err := a.Demo(p.ctx, func(text string) { fmt.Fprint(p.stdout, text) }); err != nil {
		return p.fail("demo", err)
	}
	return exitDone
}

// demoOptions are those without flags: nothing is reachable from elsewhere, and
// lines are for people.
func demoOptions() app.Options {
	o := app.VerbServe.Defaults()
	o.HTTPAddr, o.HTTPSAddr, o.OpsAddr = "127.0.0.1:8080", "127.0.0.1:8443", "127.0.0.1:10254"
	o.LogFormat = "text"
	return o
}
