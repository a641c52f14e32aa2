package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	sluice   string        // path of the binary
	duration time.Duration // of the soak's load
	settle   time.Duration // until what is left over is measured
	only     string
	corpus   string // path of the requests for origins
	rate     float64
	// judgeDelay says that a p99 of other clients that grows too much is a failure.
	judgeDelay bool
}

// verbs are what can be done.
var verbs = map[string]func(context.Context, options, *findings) error{
	"attack":  attack,
	"soak":    soak,
	"origins": compareOrigins,
	"tools":   runTools,
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == attackerVerb {
		if err := runAttacker(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "attacker:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == bystanderVerb {
		fmt.Fprintln(os.Stderr, "bystander:", runBystander())
		os.Exit(1)
	}
	if len(os.Args) < 2 || verbs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: proof attack|soak|origins|tools [flags]")
		os.Exit(2)
	}
	o := options{}
	set := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	set.StringVar(&o.sluice, "sluice", "../bin/sluice", "the `binary` to try")
	set.DurationVar(&o.duration, "duration", 20*time.Minute, "how long the soak's load lasts")
	set.DurationVar(&o.settle, "settle", time.Minute, "how long after the load what is left over is measured")
	set.StringVar(&o.only, "only", "", "only the attack, origin or tool of that `name`")
	set.StringVar(&o.corpus, "corpus", "../pkg/wire/h1/testdata/requests.txt", "the `file` with the requests of the codec's corpus")
	set.BoolVar(&o.judgeDelay, "judge-p99", true, "whether the run fails where the p99 of other clients grows too much in an attack")
	set.Float64Var(&o.rate, "rate", 400, "operations per second of the soak")
	_ = set.Parse(os.Args[2:]) // It exits where they are wrong.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	found := &findings{out: os.Stdout}
	if err := verbs[os.Args[1]](ctx, o, found); err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
		stop()
		os.Exit(1)
	}
	if found.failed > 0 {
		fmt.Printf("%d of %d figures failed\n", found.failed, found.all)
		stop()
		os.Exit(1)
	}
	fmt.Printf("all %d figures are as they should be\n", found.all)
}

// findings prints figures and counts those that are not as they should be.
type findings struct {
	out         io.Writer
	all, failed int
}

// say prints a figure and whether it is as it should be.
func (f *findings) say(ok bool, format string, args ...any) {
	f.all++
	mark := "ok  "
	if !ok {
		f.failed++
		mark = "FAIL"
	}
	fmt.Fprintf(f.out, "%s %s\n", mark, fmt.Sprintf(format, args...))
}

// note prints a figure that nothing is asked of.
func (f *findings) note(format string, args ...any) {
	fmt.Fprintf(f.out, "     %s\n", fmt.Sprintf(format, args...))
}
