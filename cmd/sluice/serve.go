package main

import (
	"fmt"
	"io"

	"github.com/sluice-dev/sluice/pkg/app"
)

// runServe serves a folder of manifests.
func runServe(p *program, args []string) int {
	o := app.DefaultOptions()
	o.Log, o.AccessLog = p.stderr, p.stdout
	set, err := app.Flags(app.VerbServe, "serve", &o)
	if err != nil {
		return p.fail("serve", err)
	}
	help := func(out io.Writer) {
		fmt.Fprint(out, "sluice serve [FLAGS] DIR\n\nServes the manifests below DIR, and follows their changes.\n\n")
		app.Usage(out, app.VerbServe)
	}
	if code, done := p.parse(set, args, 1, help); done {
		return code
	}
	a, err := app.New(o)
	if err != nil {
		return p.fail("serve", err)
	}
	started := func() { fmt.Fprintf(p.stderr, "serving %s on %s (HTTP) and %s (HTTPS)\n", set.Arg(0), a.HTTP, a.HTTPS) }
	if err := a.Serve(p.ctx, set.Arg(0), started); err != nil {
		return p.fail("serve", err)
	}
	return exitDone
}
