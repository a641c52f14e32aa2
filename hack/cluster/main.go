// Command cluster runs a real Kubernetes of one node on a bare Linux machine,
// without Docker, without a registry and without touching the host's network:
//
//	go run ./hack/cluster up
//	go run ./hack/cluster load sluice.tar
//	go run ./hack/cluster exec -- kubectl get pods -A
//	go run ./hack/cluster down
//
// # How it is built
//
// The programs of Kubernetes and etcd are built from their Go modules and
// cached below bin/. They run below one process, `cluster init`, which is
// process 1 of a process namespace of its own, with a mount namespace and a
// network namespace of its own (init.go). So all processes end when that one
// does, however it ends, and all their mounts go with them. What the kernel
// does not take back by itself is a network namespace's name, a tree of
// cgroups and a directory; `down` removes those (down.go).
//
// Tests that talk to pods run in the network namespace: `exec` enters it, as
// does `nsenter --net=/run/netns/sluice-NAME`. Everything in it is cut off from
// the world, so the fixed addresses of address.go never clash.
//
// Root is needed for everything but `build`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: cluster [-name NAME] [-dir DIR] VERB [ARGUMENT...]

  build [PROGRAM...]     build what a cluster runs, or those programs, into bin/;
                         "envtest" stands for what an API server alone needs
  up                     start the cluster and wait until its node is ready
  down                   end it and remove all that it left, also after a crash
  status                 print the state of its components; exit 1 unless it is up
  kubeconfig             print the path of a kubeconfig (it works inside exec)
  exec -- COMMAND...     run a command in the network namespace of the cluster,
                         with KUBECONFIG set and kubectl in PATH
  load IMAGE.tar...      import image archives
  stop COMPONENT         end a component, gracefully for ten seconds
  kill COMPONENT         end a component at once, as a crash would
  start COMPONENT        start a component again, with the flags it had
  pause COMPONENT        stop the clock of a component, as a hang would
  resume COMPONENT       let a paused component run on

Components: etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
containerd, kubelet, kube-proxy, load-balancer.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	var wrong usageError
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "%scluster: %v\n", usage, err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// usageError is a mistake on the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// run does what the command line says. Flags may stand before and after the verb.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	name := flags.String("name", defaultName, "the `name` of the cluster; several may run side by side")
	dir := flags.String("dir", "", "the `directory` for all state of the cluster (default bin/cluster/NAME)")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp
	}
	if flags.NArg() == 0 {
		return usageError("a verb is missing")
	}
	verb := flags.Arg(0)
	if err := flags.Parse(flags.Args()[1:]); err != nil {
		return flag.ErrHelp
	}
	c, err := newCluster(*name, *dir)
	if err != nil {
		return err
	}
	return c.do(ctx, verb, flags.Args())
}

// do runs one verb.
func (c cluster) do(ctx context.Context, verb string, args []string) error {
	many, one := len(args) > 0, len(args) == 1
	switch {
	case verb == "build":
		return c.build(ctx, args)
	case verb == "up" && !many:
		return c.up(ctx)
	case verb == "down" && !many:
		return c.down()
	case verb == "status" && !many:
		return c.status()
	case verb == "kubeconfig" && !many:
		return c.printKubeconfig()
	case verb == "exec" && many:
		return c.exec(args)
	case verb == "load" && many:
		return c.load(ctx, args)
	case verb == "init" && !many:
		return runInit(ctx, c)
	case verb == "load-balancer" && !many:
		return runLoadBalancer(ctx)
	case one && isAction(verb):
		return c.control(verb, args[0])
	}
	return usageError(fmt.Sprintf("%q with %d arguments is no verb", verb, len(args)))
}
