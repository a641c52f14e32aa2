#!/bin/sh
# Renders config/rbac and config/manager from the chart's defaults, so that
# `kubectl apply -k config/` installs what `helm install` does, and copies the
# CRDs into the chart. HELM names the helm binary.
set -eu
cd "$(dirname "$0")/.."
helm=${HELM:-helm}

mkdir -p charts/sluice/crds
rm -f charts/sluice/crds/*.yaml
cp config/crd/bases/*.yaml charts/sluice/crds/

# The CRDs of the Gateway API come from the module that the conformance suite is built with.
crds=charts/sluice/charts/gateway-api-crds/crds
gateway_api=$(cd e2e/conformance && go mod download sigs.k8s.io/gateway-api && go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)
mkdir -p $crds
rm -f $crds/*.yaml
for kind in gatewayclasses gateways listenersets httproutes grpcroutes tlsroutes tcproutes udproutes referencegrants backendtlspolicies; do
	install -m 644 "$gateway_api/config/crd/experimental/gateway.networking.k8s.io_$kind.yaml" $crds/
done
install -m 644 "$gateway_api/config/crd/experimental/gateway.networking.x-k8s.io_xbackendtrafficpolicies.yaml" $crds/

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# The version only satisfies the chart's kubeVersion: nothing is rendered from it. The Secret with the key of
# sessions is left out, as its key is another one each time.
"$helm" template sluice charts/sluice --namespace sluice-system --kube-version 1.36.0 \
	--set controller.sessionKey.create=false --output-dir "$out" >/dev/null

# Limits of scope Cluster need the Service of Sluice's own Pods, whatever is switched off.
bare=$("$helm" template sluice charts/sluice --namespace sluice-system --kube-version 1.36.0 --set gatewayAPI.enabled=false \
	--set controller.scope.enabled=true --set controller.scope.namespace=shop)
for part in "name: sluice-controller-pods" "--pods-service=sluice-system/sluice-controller-pods" "resources: \[endpointslices\]"; do
	if ! echo "$bare" | grep -q -e "$part"; then
		echo "config/render.sh: without the Gateway API the chart has no $part" >&2
		exit 1
	fi
done

# render DIRECTORY TEMPLATE...: one file for each template, without the labels
# that belong to helm, and a kustomization that lists them.
render() {
	dir=config/$1
	shift
	rm -f "$dir"/*.yaml
	{
		echo "apiVersion: kustomize.config.k8s.io/v1beta1"
		echo "kind: Kustomization"
		echo "resources:"
	} >"$dir/kustomization.yaml"
	for name in "$@"; do
		{
			echo "# Rendered from charts/sluice by config/render.sh; do not edit."
			sed -e '/^# Source: /d' -e '/helm\.sh\/chart:/d' -e '/app\.kubernetes\.io\/managed-by:/d' \
				"$out/sluice/templates/$name.yaml"
		} >"$dir/$name.yaml"
		echo "  - $name.yaml" >>"$dir/kustomization.yaml"
	done
}

render rbac serviceaccount clusterrole role
render manager controller-deployment controller-service controller-pods-service controller-poddisruptionbudget ingressclass

# A template that none of the above names would be missing from config/.
for file in "$out"/sluice/templates/*.yaml; do
	name=$(basename "$file")
	if [ ! -e "config/rbac/$name" ] && [ ! -e "config/manager/$name" ]; then
		echo "config/render.sh: the chart renders $name by default, but no directory of config/ has it" >&2
		exit 1
	fi
done
