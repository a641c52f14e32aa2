package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sluice-dev/sluice/hack/image/archive"
)

// up starts the cluster, and returns when pods can run in it.
func (c cluster) up(ctx context.Context) error {
	if err := needRoot(); err != nil {
		return err
	}
	if err := ensurePackages(ctx); err != nil {
		return err
	}
	if err := c.build(ctx, nil); err != nil {
		return err
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := c.running(); err == nil {
		fmt.Printf("cluster %s is already up\n", c.name)
		return nil
	} else if !errors.Is(err, errDown) {
		return err
	}
	if err := c.clean(); err != nil { // What a crash left.
		return err
	}
	if err := c.create(); err != nil {
		return err
	}
	if err := c.prepare(ctx); err != nil {
		return errors.Join(err, c.clean())
	}
	start := time.Now()
	if err := c.launch(ctx); err != nil {
		if ctx.Err() != nil {
			return errors.Join(err, c.clean()) // Whoever interrupts reads no logs.
		}
		return fmt.Errorf("%w\nlogs are in %s until `down` or the next `up`", err, c.path("log"))
	}
	fmt.Printf("cluster %s is up, after %v\n", c.name, time.Since(start).Round(time.Second))
	c.printUse()
	return nil
}

// printUse says what can be done with a cluster that is up.
func (c cluster) printUse() {
	fmt.Printf(`kubeconfig:        %s
network namespace: %s
try:               go run ./hack/cluster%[3]s exec -- kubectl get pods -A
same by hand:      KUBECONFIG=%[1]s nsenter --net=%[2]s %[4]s get pods -A
`, c.kubeconfig(), c.netns(), c.flags(), c.path("bin", "kubectl"))
}

// flags returns the flags that name this cluster, each after a blank.
func (c cluster) flags() string {
	var f string
	if c.name != defaultName {
		f += " -name " + c.name
	}
	if c.dir != filepath.Join(c.root, "bin", "cluster", c.name) {
		f += " -dir " + c.dir
	}
	return f
}

// prepare fills the state directory and makes what is outside of it.
func (c cluster) prepare(ctx context.Context) error {
	for _, d := range []string{"bin", "etc", "log", "tmp", "var/lib", "var/log"} {
		if err := os.MkdirAll(c.path(d), 0o755); err != nil {
			return err
		}
	}
	authority, err := c.writePKI()
	if err != nil {
		return err
	}
	if err := c.writeKubeconfigs(authority); err != nil {
		return err
	}
	if err := errors.Join(
		writeYAML(c.path("etc", "kubelet.yaml"), kubeletConfig(c.cgroupRoot())),
		writeYAML(c.path("etc", "kube-proxy.yaml"), kubeProxyConfig()),
		// Pods that ask for the node's DNS get none; there is no way out.
		os.WriteFile(c.path("etc", "resolv.conf"), []byte("options timeout:1\n"), 0o644),
	); err != nil {
		return err
	}
	if err := c.fillBin(); err != nil {
		return err
	}
	if err := c.makePauseImage(ctx); err != nil {
		return err
	}
	return errors.Join(c.createNetns(), c.createCgroups())
}

// fillBin gives the cluster its programs: links to those that were built, and
// a copy of this one, whose own file `go run` removes.
func (c cluster) fillBin() error {
	for _, b := range bundles {
		for p := range b.programs {
			if err := linkOrCopy(filepath.Join(c.root, "bin", b.dir, p), c.path("bin", p)); err != nil {
				return err
			}
		}
	}
	return copyFile("/proc/self/exe", c.path("bin", ownProgram))
}

// linkOrCopy makes to the same file as from, or a copy on another file system.
func linkOrCopy(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	return copyFile(from, to)
}

// copyFile copies a program.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// makePauseImage builds the image of pods' first process.
func (c cluster) makePauseImage(ctx context.Context) error {
	binary := c.path("tmp", "pause")
	if err := goCommand(ctx, c.root, "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./hack/cluster/pause"); err != nil {
		return fmt.Errorf("building pause: %w", err)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	out, err := os.Create(c.path("pause.tar"))
	if err != nil {
		return err
	}
	_, err = archive.Write(out, archive.Image{
		Tags:         []string{pauseImage},
		Files:        []archive.File{{Path: "/pause", Content: content, Mode: 0o755}},
		Entrypoint:   []string{"/pause"},
		User:         "65535:65535",
		Architecture: runtime.GOARCH,
	})
	return errors.Join(err, out.Close(), os.Remove(binary))
}

// launch starts the init process and follows its progress until it is ready.
func (c cluster) launch(ctx context.Context) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	defer write.Close()
	log, err := os.Create(c.path("log", "init.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(lookUp("nsenter"), append([]string{"--net=" + c.netns(), "--"}, initArgs(c.name, c.dir)...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{write} // Becomes progressFile.
	cmd.Dir = "/"
	cmd.Env = environment
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the init process: %w", err)
	}
	write.Close()                                                     // So that the end of the process is the end of the pipe.
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() }) // Fails if it ended.
	defer stop()
	step := ""
	for lines := bufio.NewScanner(read); lines.Scan(); {
		if lines.Text() == progressReady {
			return cmd.Process.Release()
		}
		step = lines.Text()
		fmt.Println(step)
	}
	_ = cmd.Wait() // It ended, which the error below says better.
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return c.failure(step)
}

// failure describes why the init process ended, from the log of it and the log
// of the component that it started last.
func (c cluster) failure(step string) error {
	text := "the cluster did not come up"
	names := []string{"init"}
	if name, ok := strings.CutPrefix(step, "starting "); ok {
		names = append(names, name)
	} else {
		names = append(names, "kubelet")
	}
	for _, name := range slices.Backward(names) {
		if tail := tailOf(c.path("log", name+".log")); tail != "" {
			text += "\n--- end of " + name + ".log\n" + tail
		}
	}
	return errors.New(text)
}

// tailOf returns the last lines of a file, or "".
func tailOf(path string) string {
	const most = 15
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
