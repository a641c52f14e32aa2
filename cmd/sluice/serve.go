package main

import (
	"fmt"
	"io"

	"github.com/sluice-dev/sluice/pkg/app"
)

// runServe serves a folder of manifests.
func runServe(p *program, args []string) int {
	o := app.VerbServe.Defaults()
	o.Log, o.AccessLog = p.stderr, p.stdout
	set, err := app.Flags(app.VerbServe, "serve", &o)
	if err != nil {
		return p.fail("serve", err)
	}
	help := func(out io.Writer) {
		fmt.Fprintf(out, "%s serve [FLAGS] DIR\n\nServes the manifests below DIR, and follows their changes.\n\n", p.name)
		app.Usage(out, app.VerbServe, app.VerbServe.Defaults())
	}
	arguments, code, done := p.parse(set, args, 1, help)
	if done {
		return code
	}
	a, err := app.New(o)
	if err != nil {
		return p.fail("serve", err)
	}
	if err := a.Serve(p.ctx, arguments[0], nil); err != nil {
		return p.fail("serve", err)
	}
	return exitDone
}
