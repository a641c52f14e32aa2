package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// exec replaces this process by a command that runs in the network namespace
// of the cluster.
func (c cluster) exec(args []string) error {
	if err := needRoot(); err != nil {
		return err
	}
	if _, err := c.running(); err != nil {
		return err
	}
	nsenter := lookUp("nsenter")
	if nsenter == "" {
		return errors.New("no nsenter in " + searchPath)
	}
	env := append(os.Environ(),
		"KUBECONFIG="+c.kubeconfig(),
		"PATH="+c.path("bin")+":"+os.Getenv("PATH"),
		// No proxy can be reached from there, nor is one needed.
		"NO_PROXY=*", "no_proxy=*",
	)
	return syscall.Exec(nsenter, append([]string{nsenter, "--net=" + c.netns(), "--"}, args...), env)
}

// printKubeconfig prints the path of the administrator's kubeconfig.
func (c cluster) printKubeconfig() error {
	if _, err := os.Stat(c.kubeconfig()); err != nil {
		return errDown
	}
	fmt.Println(c.kubeconfig())
	return nil
}

// status prints a line for each component, with process numbers of the machine.
func (c cluster) status() error {
	a, err := c.ask(request{Action: "list"})
	if errors.Is(err, errDown) {
		if marked, _ := c.marked(); marked {
			return fmt.Errorf("%w; it left %s, which down removes", err, c.dir)
		}
	}
	if err != nil {
		return err
	}
	i, err := c.running()
	if err != nil {
		return err
	}
	outside, err := i.outsidePIDs()
	if err != nil {
		return err
	}
	fmt.Printf("cluster %s in %s, network namespace %s\n", c.name, c.dir, c.netns())
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "COMPONENT\tPID\tSTATE\tSTARTED\n")
	fmt.Fprintf(table, "init\t%d\trunning\t\n", i.pid)
	down := false
	for _, component := range a.Components {
		pid := "-"
		if component.PID != 0 {
			pid = fmt.Sprint(outside[component.PID])
		}
		down = down || component.State != "running"
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", component.Name, pid, component.State, component.Since.Format(time.DateTime))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if down {
		return errors.New("not every component runs")
	}
	return nil
}

// load imports image archives into containerd, and returns when the kubelet
// can use them.
func (c cluster) load(ctx context.Context, archives []string) error {
	if err := needRoot(); err != nil {
		return err
	}
	i, err := c.running()
	if err != nil {
		return err
	}
	ctr := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "ctr", append([]string{"-a", i.insidePath(containerdSocket), "-n", "k8s.io"}, args...)...)
		cmd.Stderr = os.Stderr
		return cmd.Output()
	}
	for _, archive := range archives {
		out, err := ctr("images", "import", archive)
		if err != nil {
			return fmt.Errorf("importing %s: %w", archive, err)
		}
		for _, name := range importedImages(out) {
			// The part of containerd that the kubelet asks puts this label on an
			// image when it has noticed it.
			err := await(ctx, name, time.Minute, func(context.Context) error {
				list, err := ctr("images", "list", "name=="+name)
				if err == nil && !bytes.Contains(list, []byte("io.cri-containerd.image=managed")) {
					err = errors.New("containerd has not taken it up")
				}
				return err
			})
			if err != nil {
				return err
			}
			fmt.Println("loaded", name)
		}
	}
	return nil
}

// importedImages reads the names of images from what `ctr images import`
// printed: lines such as "unpacking NAME (sha256:...)...done".
func importedImages(out []byte) []string {
	var names []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "unpacking "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}
