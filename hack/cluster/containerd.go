package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
)

// pauseImage is the image of every pod's first process. It is made here (from
// pause/main.go) and never pulled.
const pauseImage = "sluice.dev/hack/pause:v1"

// containerd runs the containers. It is the distribution's program, with our
// configuration; the distribution's own containerd, if it runs, stays alone.
func containerd() component {
	return component{
		name:  "containerd",
		args:  []string{"containerd", "--config", inside + "/etc/containerd.toml"},
		ready: containerdReady,
	}
}

// containerdReady returns nil when containerd accepts connections.
func containerdReady(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", containerdSocket)
	if err != nil {
		return err
	}
	return conn.Close()
}

// containerdConfig returns containerd.toml, in its version 2, which all of
// containerd 1.6, 1.7 and 2 read. Every path is in a directory that the mount
// namespace replaces, or below the state directory.
//
// restrict_oom_score_adj keeps pods from failing where this process may not
// lower the score (no CAP_SYS_RESOURCE).
func containerdConfig(snapshotter, cniDir string) string {
	return fmt.Sprintf(`version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = %q

[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %q
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`, containerdSocket, pauseImage, cniDir, inside+"/etc/cni", snapshotter)
}

// cniConfig returns the network of pods: a link of its own for each pod, with
// the default route through it, and hostPorts.
func cniConfig() object {
	return object{
		"cniVersion": "0.4.0",
		"name":       "sluice",
		"plugins": []object{
			{
				"type": "ptp",
				"ipam": object{
					"type":    "host-local",
					"dataDir": "/run/cni-ipam",
					"ranges":  [][]object{{{"subnet": podRange}}},
					"routes":  []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}
}

// writeContainerdConfig writes the configuration of containerd and of its network.
func writeContainerdConfig(snapshotter string) error {
	config := containerdConfig(snapshotter, cniDir())
	if err := os.WriteFile(inside+"/etc/containerd.toml", []byte(config), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(inside+"/etc/cni", 0o755); err != nil {
		return err
	}
	network, err := json.MarshalIndent(cniConfig(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(inside+"/etc/cni/10-sluice.conflist", network, 0o644)
}
