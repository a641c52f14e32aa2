// Command bench measures Sluice beside HAProxy, nginx and Go's own
// httputil.ReverseProxy on this machine and prints ratios.
//
// All proxies run at once before one nginx back end; wrk loads them in turn,
// round by round, and the median of each proxy's rounds is divided by
// HAProxy's of the same run, since a bare figure means nothing on a machine
// that others share. CPU per request is what /proc says of the proxy's
// processes over its round. Everything listens on loopback, is started here
// and is ended here.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	sluice   string        // path of the binary
	duration time.Duration // of one round
	rounds   int
	threads  int // of wrk
	filter   string
}

func main() {
	var o options
	flag.StringVar(&o.sluice, "sluice", "bin/sluice", "the `binary` to measure")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of one round of one proxy")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each proxy, in turn")
	flag.IntVar(&o.threads, "threads", 2, "threads of wrk")
	flag.StringVar(&o.filter, "workload", "", "run only the `workload` of that name")
	flag.Parse()
	if len(os.Args) > 1 && os.Args[1] == reverseProxyVerb {
		if err := runReverseProxy(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// run starts all proxies, measures each workload and prints a table for it.
func run(ctx context.Context, o options) error {
	if err := needPrograms("wrk", "haproxy", "nginx"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sluice-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := startStage(ctx, dir, o.sluice)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, w := range workloads {
		if o.filter != "" && o.filter != w.name {
			continue
		}
		results, err := measure(ctx, s, w, o)
		if err != nil {
			return fmt.Errorf("workload %s: %w", w.name, err)
		}
		printTable(os.Stdout, w, results)
	}
	return nil
}
