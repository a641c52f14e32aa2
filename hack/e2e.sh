#!/usr/bin/env bash
# Runs the tests of e2e/ on a real cluster: the one of E2E_KUBECONFIG, else one
# that kind makes where Docker runs, else one of hack/cluster. A cluster that is
# made here is taken down here; E2E_NAME is its name. Called by `make e2e`, which sets the variables
# for programs and images.
#
# With E2E_KUBECONFIG the images must be on the nodes already, and
# E2E_APISERVER_STOP and E2E_APISERVER_START must be commands that stop and
# start the API server.
set -euo pipefail
cd "$(dirname "$0")/.."

name=${E2E_NAME:-sluice-e2e}
kubernetes=$PWD/bin/k8s-v1.36.3
export E2E_HELM=$HELM E2E_ECHO_IMAGE=$ECHO_IMAGE

# The test is built before a network namespace is entered that has no way out.
(cd e2e && go test -c -o ../bin/e2e.test .)
runner=()
arguments=(-test.v -test.timeout=40m "$@")

on_hack_cluster() {
	if [ "$(id -u)" != 0 ]; then
		echo "e2e: hack/cluster needs root; set E2E_KUBECONFIG to use another cluster" >&2
		exit 1
	fi
	go build -o bin/hack-cluster ./hack/cluster
	cluster="$PWD/bin/hack-cluster -name $name"
	trap '$cluster down' EXIT
	$cluster down
	if [ -n "${CLUSTER_TESTS:-}" ]; then
		go test -tags e2e -count=1 -timeout 20m ./hack/cluster
	fi
	$cluster up
	$cluster load "$IMAGE_TAR" "$ECHO_TAR"
	E2E_KUBECONFIG=$($cluster kubeconfig)
	export E2E_KUBECONFIG E2E_KUBECTL=$kubernetes/kubectl
	export E2E_APISERVER_STOP="$cluster stop kube-apiserver" E2E_APISERVER_START="$cluster start kube-apiserver"
	runner=($cluster exec --)
}

on_kind() {
	$KIND_MAKE
	E2E_KUBECTL=$(command -v kubectl)
	E2E_KUBECONFIG=$PWD/bin/kind.kubeconfig
	export E2E_KUBECTL E2E_KUBECONFIG E2E_NODE_PORTS=1
	trap '"$KIND" delete cluster --name $name' EXIT
	"$KIND" create cluster --name $name --kubeconfig "$E2E_KUBECONFIG" --wait 120s
	"$KIND" load image-archive --name $name "$IMAGE_TAR"
	"$KIND" load image-archive --name $name "$ECHO_TAR"
	local node="docker exec $name-control-plane"
	local manifest=/etc/kubernetes/manifests/kube-apiserver.yaml
	export E2E_APISERVER_STOP="$node sh -c 'mv $manifest /tmp/ && while pgrep kube-apiserver; do sleep 1; done'"
	export E2E_APISERVER_START="$node sh -c '[ -e $manifest ] || mv /tmp/kube-apiserver.yaml $manifest'"
}

if [ -n "${E2E_KUBECONFIG:-}" ]; then
	: "${E2E_APISERVER_STOP:?is not set}" "${E2E_APISERVER_START:?is not set}"
	E2E_KUBECTL=${E2E_KUBECTL:-$(command -v kubectl)}
	export E2E_KUBECTL
elif docker info >/dev/null 2>&1; then
	on_kind
else
	on_hack_cluster
fi
cd e2e
"${runner[@]}" ../bin/e2e.test "${arguments[@]}"
