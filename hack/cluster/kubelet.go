package main

// kubelet runs the pods. Most of its configuration is in kubeletConfig.
func kubelet() component {
	return component{name: "kubelet", args: []string{
		program("kubelet"),
		"--config=" + inside + "/etc/kubelet.yaml",
		"--kubeconfig=" + inside + "/etc/kubelet.kubeconfig",
		"--hostname-override=" + nodeName,
		"--node-ip=" + nodeAddress,
	}, ready: answers("http://127.0.0.1:10248/healthz")}
}

// kubeletConfig returns a kubelet.config.k8s.io/v1beta1 KubeletConfiguration
// for a node that shares its machine, on cgroups of either version. (cgroupRoot
// keeps all pods below one cgroup, which down removes.)
func kubeletConfig(cgroupRoot string) object {
	return object{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": inside + "/" + pkiDir + "/ca.crt"},
		},
		"authorization":   object{"mode": "Webhook"},
		"clusterDomain":   "cluster.local",
		"clusterDNS":      []string{dnsAddress},
		"resolvConf":      inside + "/etc/resolv.conf",
		"volumePluginDir": "/var/lib/kubelet/volume-plugins",
		"cgroupDriver":    "cgroupfs",
		"cgroupRoot":      cgroupRoot,
		"failCgroupV1":    false,
		"failSwapOn":      false,
		// A machine that is shared has neither all its memory nor all its disk
		// for us; that must not evict the pods of a test.
		"enforceNodeAllocatable":      []string{},
		"evictionHard":                object{"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%"},
		"imageGCHighThresholdPercent": 100, // Images come by load; none could be pulled again.
		// Zero asks for no change of this process's score, which may be forbidden.
		"oomScoreAdj": 0,
		// kube-proxy has rules of its own; these would be for dockershim's time.
		"makeIPTablesUtilChains": false,
		// Tests wait for what the kubelet does.
		"syncFrequency":             "10s",
		"nodeStatusUpdateFrequency": "5s",
		"kubeAPIQPS":                100,
		"kubeAPIBurst":              200,
		"maxPods":                   250,
	}
}

// kubeProxy serves Services.
func kubeProxy() component {
	return component{name: "kube-proxy", args: []string{
		program("kube-proxy"),
		"--config=" + inside + "/etc/kube-proxy.yaml",
		"--hostname-override=" + nodeName,
	}}
}

// kubeProxyConfig returns a kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration.
func kubeProxyConfig() object {
	return object{
		"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
		"kind":               "KubeProxyConfiguration",
		"mode":               "nftables",
		"clusterCIDR":        podRange,
		"bindAddress":        nodeAddress,
		"healthzBindAddress": "127.0.0.1:10256",
		"metricsBindAddress": "127.0.0.1:10249",
		"clientConnection":   object{"kubeconfig": inside + "/etc/kube-proxy.kubeconfig"},
		// The size of the connection table is the host's, and stays as it is.
		"conntrack":   object{"maxPerCore": 0, "min": 0},
		"oomScoreAdj": 0,
		// By default, changes of endpoints within a second wait for its end.
		"nftables": object{"minSyncPeriod": "100ms", "syncPeriod": "30s"},
	}
}
