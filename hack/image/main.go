// Command image makes a container image from static binaries, without Docker
// and without a registry:
//
//	go run ./hack/image -o sluice.tar -t ghcr.io/sluice-dev/sluice:dev -entrypoint /sluice -user 65532:65532 bin/sluice:/sluice
//
// The archive is for `ctr images import` and for `docker load`. Its digest,
// which is printed, depends on the arguments and the files' content alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sluice-dev/sluice/hack/image/archive"
)

func main() {
	out, image, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(2)
	}
	digest, err := write(out, image)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(digest)
}

// parse reads the command line and the files that it names.
func parse(args []string) (out string, image archive.Image, err error) {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: image -o OUT.tar -t NAME:TAG [flags] SOURCE:DESTINATION...")
		flags.PrintDefaults()
	}
	flags.StringVar(&out, "o", "", "the `archive` to write")
	flags.Func("t", "a `name:tag` of the image (repeatable)", appendTo(&image.Tags))
	flags.Func("entrypoint", "the program to run, or one more `argument` of it (repeatable)", appendTo(&image.Entrypoint))
	flags.Func("env", "a `NAME=VALUE` for its environment (repeatable)", appendTo(&image.Env))
	flags.StringVar(&image.User, "user", "", "`UID:GID` to run as, root if empty")
	flags.StringVar(&image.Architecture, "architecture", runtime.GOARCH, "Go's `name` of the binaries' architecture")
	if err := flags.Parse(args); err != nil {
		return "", image, err
	}
	if out == "" {
		return "", image, fmt.Errorf("-o OUT.tar is missing")
	}
	for _, pair := range flags.Args() {
		f, err := readFile(pair)
		if err != nil {
			return "", image, err
		}
		image.Files = append(image.Files, f)
	}
	return out, image, nil
}

// appendTo returns a flag function that collects values.
func appendTo(list *[]string) func(string) error {
	return func(v string) error {
		*list = append(*list, v)
		return nil
	}
}

// readFile reads what SOURCE:DESTINATION names. Only the execute bit of the
// source survives, as the umask of whoever built it must not show in a digest.
func readFile(pair string) (archive.File, error) {
	source, destination, ok := strings.Cut(pair, ":")
	if !ok || source == "" || !strings.HasPrefix(destination, "/") {
		return archive.File{}, fmt.Errorf("%q is not SOURCE:/DESTINATION", pair)
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return archive.File{}, err
	}
	info, err := os.Stat(source)
	if err != nil {
		return archive.File{}, err
	}
	f := archive.File{Path: destination, Content: content, Mode: 0o644}
	if info.Mode()&0o111 != 0 {
		f.Mode = 0o755
	}
	return f, nil
}

// write writes the archive beside its destination first, so that no reader
// ever finds half of one, and returns the image's digest.
func write(out string, image archive.Image) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+"-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name()) // Fails after the rename, as it should.
	digest, err := archive.Write(f, image)
	if err != nil {
		f.Close()
		return "", err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return digest, os.Rename(f.Name(), out)
}
