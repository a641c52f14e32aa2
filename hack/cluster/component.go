package main

import (
	"context"
	"slices"
)

// Inside the cluster's mount namespace its state directory is always here, so
// that no path depends on where the repository is, and no socket's path is too
// long for the kernel (108 bytes).
const inside = "/run/cluster"

const (
	nodeName         = "sluice-node"
	containerdSocket = "/run/containerd/containerd.sock"
)

// A component is one program of the cluster, as the init process starts it.
type component struct {
	name string
	// args is the command line, with the path of the program.
	args []string
	// ready, if there is one, returns nil as soon as the program does its work.
	// It is called again and again until then.
	ready func(context.Context) error
}

// components returns all of them, in the order in which they start.
func (c cluster) components() []component {
	return []component{
		containerd(),
		etcd(),
		apiServer(),
		controllerManager(),
		scheduler(),
		kubelet(),
		kubeProxy(),
		{name: "load-balancer", args: []string{program(ownProgram), "-name", c.name, "-dir", inside, "load-balancer"}},
	}
}

// componentNames are the names of all components.
func componentNames() []string {
	var names []string
	for _, c := range (cluster{}).components() {
		names = append(names, c.name)
	}
	return names
}

// isComponent says whether a component has that name.
func isComponent(name string) bool { return slices.Contains(componentNames(), name) }

// ownProgram is the name of the copy of this program in the state directory.
const ownProgram = "sluice-cluster"

// program returns the path of a built program, inside.
func program(name string) string { return inside + "/bin/" + name }

// environment is that of every component. It takes nothing from the caller: a
// proxy's address in it, for one, would break calls to webhooks.
var environment = []string{
	"PATH=" + inside + "/bin:" + searchPath,
	"HOME=" + inside,
	"TMPDIR=" + inside + "/tmp",
	"KUBECONFIG=" + inside + "/" + adminFile,
}
