// Command pause is the first process of every pod of a test cluster: it holds
// the pod's namespaces open, and does nothing until it is told to stop.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// In a pod that shares its process namespace this is process 1 of it, so
	// orphans must be reaped. Ignoring SIGCHLD makes the kernel do that.
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
