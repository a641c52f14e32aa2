package main

import (
	"fmt"
	"io"

	"github.com/sluice-dev/sluice/pkg/app"
)

// runController serves the cluster that the process is in.
func runController(p *program, args []string) int {
	o := app.VerbController.Defaults()
	o.Log, o.AccessLog = p.stderr, p.stdout
	set, err := app.Flags(app.VerbController, "controller", &o)
	if err != nil {
		return p.fail("controller", err)
	}
	help := func(out io.Writer) {
		fmt.Fprintf(out, "%s controller [FLAGS]\n\nServes the cluster that it runs in.\n\n", p.name)
		app.Usage(out, app.VerbController, app.VerbController.Defaults())
	}
	if _, code, done := p.parse(set, args, 0, help); done {
		return code
	}
	a, err := app.New(o)
	if err != nil {
		return p.fail("controller", err)
	}
	if err := a.Controller(p.ctx); err != nil {
		return p.fail("controller", err)
	}
	return exitDone
}
