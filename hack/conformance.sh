#!/usr/bin/env bash
# Runs the official conformance suite of the Gateway API against Sluice on a
# cluster of hack/cluster. Called by `make conformance`, which sets HELM, VERSION,
# and the archives of images: SLUICE_TAR, ECHO_BASIC_TAR, COREDNS_TAR.
#
#   RUN       the name of one test; all if empty
#   PROFILES  conformance profiles, separated by commas
#   FEATURES  the extended features to test; those that the GatewayClass's
#             status claims if empty
#   KEEP      not empty: leave the cluster up, and use the one that is up
#   NAME      the name of the cluster
#
# What it prints goes to dist/conformance.log, too. The report of a run of all
# profiles goes to docs/conformance, any other report to dist.
set -euo pipefail
cd "$(dirname "$0")/.."

every=GATEWAY-HTTP,GATEWAY-GRPC,GATEWAY-TLS,GATEWAY-TCP,GATEWAY-UDP
profiles=${PROFILES:-$every}
name=${NAME:-sluice-conformance}
mkdir -p dist

# The test is built before a network namespace is entered that has no way out.
(cd e2e/conformance && go test -c -o ../../bin/conformance.test .)
go build -o bin/hack-cluster ./hack/cluster
cluster="$PWD/bin/hack-cluster -name $name"
if [ -z "${KEEP:-}" ]; then
	trap '$cluster down' EXIT
	$cluster down
fi
if [ -z "${KEEP:-}" ] || ! $cluster status >/dev/null 2>&1; then
	$cluster up
	$cluster load "$ECHO_BASIC_TAR" "$COREDNS_TAR"
fi
$cluster load "$SLUICE_TAR"

# The annotation makes the Pods anew where a kept cluster has an older image of the same name.
$cluster exec -- "$HELM" upgrade --install sluice charts/sluice --namespace sluice-system --create-namespace \
	--set gatewayAPI.enabled=true --set gatewayAPI.installCRDs=true \
	--set-string "controller.podAnnotations.image=$(sha256sum "$SLUICE_TAR" | cut -c1-12)" \
	--set controller.terminationGracePeriodSeconds=20 --set controller.drainDelaySeconds=2 --set controller.drainTimeoutSeconds=5 \
	${HELM_ARGS:-} --wait --timeout 3m

report=dist/conformance-report.yaml
arguments=(
	--gateway-class=sluice --conformance-profiles="$profiles"
	--usable-address=10.203.255.10 --unusable-address=192.0.2.10
	--report-output="$PWD/$report"
	--organization=sluice-dev --project=sluice --url=https://github.com/sluice-dev/sluice
	--version="v$VERSION" --contact=https://github.com/sluice-dev/sluice/issues
	# These bound what the API server and the nodes do, which a busy machine makes slow, and say nothing of
	# Sluice. MaxTimeToConsistency, the bound that the specification gives to implementations, stays.
	--timeout-config-overrides="GetTimeout:60;DeleteTimeout:60;ManifestFetchTimeout:60;NamespacesMustBeReady:600"
)
# A kept cluster keeps the back ends, too.
[ -z "${KEEP:-}" ] || arguments+=(--cleanup-base-resources=false)
[ -z "${RUN:-}" ] || arguments+=(--run-test="$RUN")
[ -z "${FEATURES:-}" ] || arguments+=(--supported-features="$FEATURES")
rm -f "$report"
passed=0
$cluster exec -- bin/conformance.test -test.v -test.timeout=90m -test.run '^TestConformance$' "${arguments[@]}" ${SUITE_ARGS:-} 2>&1 |
	tee dist/conformance.log | grep --line-buffered -E '^ *--- |^(PASS|FAIL|ok|panic)' || passed=$?
if [ -e "$report" ] && [ -z "${RUN:-}${FEATURES:-}" ] && [ "$profiles" = "$every" ]; then
	mkdir -p docs/conformance
	cp "$report" "docs/conformance/experimental-v$VERSION-default-report.yaml"
fi
exit "$passed"
