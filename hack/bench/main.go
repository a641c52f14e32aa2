// Command bench measures Sluice beside HAProxy, nginx, Caddy and Go's own
// httputil.ReverseProxy on this machine and prints ratios.
//
// All proxies run at once before the same back ends; a load is put on them in
// turn, round by round, and the median of each proxy's rounds is divided by
// the first's of the same run, since a bare figure means nothing on a machine
// that others share. CPU per request is what /proc says of the proxy's
// processes over its round. Everything listens on loopback, is started here
// and is ended here.
//
// Workloads are of four kinds: what all proxies do (peers.go), the same
// routes among many others (manyroutes.go), what each feature of a ProxyRoute
// adds (features.go), and the memory of connections that are idle (idle.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	sluice    string        // path of the binary
	caddy     string        // path of its binary; without it Caddy is left out, and that is said
	duration  time.Duration // of one round
	rounds    int
	threads   int // of wrk and h2load
	workloads []string
	peers     []string
}

// verbs make this program one of the servers that it measures.
var verbs = map[string]func(args []string) error{
	"reverseproxy": runReverseProxy,
	"origin":       runOrigin,
}

func main() {
	if len(os.Args) > 1 && verbs[os.Args[1]] != nil {
		exit(verbs[os.Args[1]](os.Args[2:]))
	}
	var o options
	var only, peers string
	flag.StringVar(&o.sluice, "sluice", "bin/sluice", "the `binary` to measure")
	flag.StringVar(&o.caddy, "caddy", "", "Caddy's `binary`")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of one round of one proxy")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each proxy, in turn")
	flag.IntVar(&o.threads, "threads", 2, "threads of the load generators")
	flag.StringVar(&only, "workload", "", "run only the `workloads` of these names or beginnings of names, separated by commas")
	flag.StringVar(&peers, "peers", "", "measure only the `proxies` of these names, separated by commas")
	flag.Parse()
	o.workloads, o.peers = split(only), split(peers)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	exit(err)
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// wants tells whether the command line asks for a workload.
func (o *options) wants(w workload) bool {
	return len(o.workloads) == 0 || slices.ContainsFunc(o.workloads, func(name string) bool { return strings.HasPrefix(w.name, name) })
}

// run starts all proxies, measures each workload and prints a table for it.
func run(ctx context.Context, o options) error {
	chosen := slices.DeleteFunc(slices.Clone(workloads), func(w workload) bool { return !o.wants(w) })
	if len(chosen) == 0 {
		return fmt.Errorf("no workload is named %q", o.workloads)
	}
	if err := needPrograms("wrk", "haproxy", "nginx", "h2load"); err != nil {
		return err
	}
	if err := raiseFileLimit(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sluice-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := startStage(ctx, dir, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if o.caddy == "" {
		fmt.Println("Caddy is left out: no -caddy.")
	}
	for _, w := range chosen {
		results, err := measure(ctx, s, w, o)
		if err != nil {
			return fmt.Errorf("workload %s: %w", w.name, err)
		}
		printTable(os.Stdout, w, results)
	}
	return nil
}

// raiseFileLimit lets 10,000 connections be open in each process, and those to
// back ends.
func raiseFileLimit() error {
	const want = 20000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= want {
		return nil
	}
	limit.Cur, limit.Max = want, max(want, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return errors.Join(fmt.Errorf("%d open files are needed (ulimit -n)", want), err)
	}
	return nil
}
