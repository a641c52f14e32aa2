package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseInitArgs(t *testing.T) {
	own := initArgs("dev", "/x/bin/cluster/dev")
	tests := map[string]struct {
		args []string
		want string // directory, empty if it is no init process
	}{
		"as up starts it":            {own, "/x/bin/cluster/dev"},
		"before it enters the netns": {append([]string{"nsenter", "--net=/run/netns/x", "--"}, own...), "/x/bin/cluster/dev"},
		"another cluster":            {initArgs("dev2", "/x"), ""},
		"the load balancer":          {append(own[:5:5], "load-balancer"), ""},
		"the program of another one": {append([]string{"/y/bin/sluice-cluster"}, own[1:]...), ""},
		"a shell that speaks of it":  {[]string{"sh", "-c", strings.Join(own, " ")}, ""},
		"something short":            {[]string{"init"}, ""},
		"a kernel thread":            {[]string{""}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir, ok := parseInitArgs(test.args, "dev")
			if ok != (test.want != "") || ok && dir != test.want {
				t.Errorf("directory = %q, %v, want %q", dir, ok, test.want)
			}
		})
	}
}

// TestThisProcessIsNoInit looks at a real /proc.
func TestThisProcessIsNoInit(t *testing.T) {
	if numbers := namespacePIDs(os.Getpid()); len(numbers) == 0 || numbers[0] != os.Getpid() {
		t.Errorf("numbers of this process = %v, want %d first", numbers, os.Getpid())
	}
	if ended(os.Getpid()) {
		t.Error("this process has ended, it says")
	}
	if _, ok := isInit(os.Getpid(), "dev"); ok {
		t.Error("this process is taken for a cluster")
	}
}

func TestParseMountInfo(t *testing.T) {
	text := `24 30 0:22 / /proc rw,relatime shared:12 - proc proc rw
36 29 0:31 / /sys/fs/cgroup/cpuset rw master:3 propagate_from:2 - cgroup cgroup rw,cpuset
37 29 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
98 30 254:0 /a /mnt/with\040blank\011tab rw - ext4 /dev/vda rw
no mount at all
`
	want := []mountPoint{
		{"/proc", "proc", []string{"rw"}},
		{"/sys/fs/cgroup/cpuset", "cgroup", []string{"rw", "cpuset"}},
		{"/sys/fs/cgroup/unified", "cgroup2", []string{"rw"}},
		{"/mnt/with blank\ttab", "ext4", []string{"rw"}},
	}
	if diff := cmp.Diff(want, parseMountInfo([]byte(text)), cmp.AllowUnexported(mountPoint{})); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
}
