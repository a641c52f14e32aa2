package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/app"
	"github.com/sluice-dev/sluice/pkg/report"
)

// runCheck prints every fact about the manifests; the exit code is 1 where one
// is an error.
func runCheck(p *program, args []string) int {
	o := app.DefaultOptions()
	set := flag.NewFlagSet("check", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "print a JSON list")
	limits := set.Bool("limits", false, "list what bounds the requests of each route as well, not with --json")
	class := set.String("ingress-class", "", "check the objects of this class alone")
	help := func(out io.Writer) {
		fmt.Fprintf(out, "%s check [--json] [--limits] [--ingress-class NAME] DIR|-\n\nValidates the manifests below DIR, or those of standard input.\n", p.name)
	}
	arguments, code, done := p.parse(set, args, 1, help)
	if done {
		return code
	}
	if *asJSON && *limits {
		fmt.Fprintf(p.stderr, "%s check: --limits does not go with --json\n", p.name)
		return exitUsage
	}
	if *class != "" {
		o.IngressClasses = []string{*class}
	}
	offline, err := app.OpenOffline(arguments[0], p.stdin, o)
	if err != nil {
		return p.fail("check", err)
	}
	defer offline.Close()
	if *asJSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(admin.Facts(offline.Facts))
	} else {
		printFacts(p.stdout, offline)
		if *limits {
			err = printAllLimits(p.stdout, offline.Table)
		}
	}
	if err != nil {
		return p.fail("check", err)
	}
	if worst, any := offline.Facts.Worst(); any && worst == report.Error {
		return exitWrong
	}
	return exitDone
}

func printFacts(out io.Writer, offline *app.Offline) {
	counts := make(map[report.Severity]int)
	for _, f := range offline.Facts.All() {
		counts[f.Severity]++
		fmt.Fprintln(out, f)
	}
	served := count(len(offline.Table.Routes()), "route")
	streams := 0
	for _, l := range offline.Table.Listeners() {
		streams += len(l.ExplainStreams())
	}
	if streams > 0 {
		served += ", " + count(streams, "stream")
	}
	fmt.Fprintf(out, "%s, %s, %s\n", served, count(counts[report.Error], "error"), count(counts[report.Warning], "warning"))
}

// count says how many there are of what a word names.
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
