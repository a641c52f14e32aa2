package main

// etcd stores the objects. Only this network namespace can reach it, so it
// needs no certificates. What it stores ends with the cluster, so it need not
// wait for the disk.
func etcd() component {
	return component{name: "etcd", args: []string{
		program("etcd"),
		"--name=sluice",
		"--data-dir=/var/lib/etcd",
		"--listen-client-urls=" + etcdURL,
		"--advertise-client-urls=" + etcdURL,
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--unsafe-no-fsync",
		"--log-level=warn",
	}, ready: answers(etcdURL + "/health")}
}

// apiServer returns the API server, with the defaults of a production cluster
// for who may do what.
func apiServer() component {
	pki := inside + "/" + pkiDir
	return component{name: "kube-apiserver", args: []string{
		program("kube-apiserver"),
		"--etcd-servers=" + etcdURL,
		"--advertise-address=" + nodeAddress,
		"--secure-port=" + apiPort,
		"--tls-cert-file=" + pki + "/apiserver.crt",
		"--tls-private-key-file=" + pki + "/apiserver.key",
		"--client-ca-file=" + pki + "/ca.crt",
		"--kubelet-client-certificate=" + pki + "/kubelet-client.crt",
		"--kubelet-client-key=" + pki + "/kubelet-client.key",
		"--kubelet-preferred-address-types=InternalIP",
		"--proxy-client-cert-file=" + pki + "/front-proxy.crt",
		"--proxy-client-key-file=" + pki + "/front-proxy.key",
		"--requestheader-client-ca-file=" + pki + "/ca.crt",
		"--requestheader-allowed-names=" + frontProxy,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-signing-key-file=" + pki + "/service-account.key",
		"--service-account-key-file=" + pki + "/service-account.key",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
	}, ready: apiServerReady}
}

// controllerManager runs alone, so it elects no leader: one that lost its
// election while the API server was stopped would exit.
func controllerManager() component {
	kubeconfig := inside + "/etc/kube-controller-manager.kubeconfig"
	pki := inside + "/" + pkiDir
	return component{name: "kube-controller-manager", args: []string{
		program("kube-controller-manager"),
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials",
		"--root-ca-file=" + pki + "/ca.crt",
		"--service-account-private-key-file=" + pki + "/service-account.key",
		"--cluster-signing-cert-file=" + pki + "/ca.crt",
		"--cluster-signing-key-file=" + pki + "/ca.key",
		"--flex-volume-plugin-dir=/var/lib/kubelet/volume-plugins",
	}}
}

// scheduler runs alone as well.
func scheduler() component {
	kubeconfig := inside + "/etc/kube-scheduler.kubeconfig"
	return component{name: "kube-scheduler", args: []string{
		program("kube-scheduler"),
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
	}}
}
