# Sluice: `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= 0.1.0
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

BIN := bin
DIST := dist
IMAGE ?= ghcr.io/sluice-dev/sluice:$(VERSION)
ECHO_IMAGE ?= ghcr.io/sluice-dev/echo:e2e

# Tools are built once per version from the modules below hack/tools.
TOOLS := $(BIN)/tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(shell sed -n 's|.*golangci-lint/v2 \(v[0-9.]*\).*|\1|p' hack/tools/go.mod)
CONTROLLER_GEN := $(TOOLS)/controller-gen-$(shell sed -n 's|.*sigs.k8s.io/controller-tools \(v[0-9.]*\).*|\1|p' hack/tools/gen/go.mod)
HELM := $(TOOLS)/helm-$(shell sed -n 's|.*helm.sh/helm/v3 \(v[0-9.]*\).*|\1|p' hack/tools/helm/go.mod)
KIND := $(TOOLS)/kind-$(shell sed -n 's|.*sigs.k8s.io/kind \(v[0-9.]*\).*|\1|p' hack/tools/kind/go.mod)
H2SPEC := $(TOOLS)/h2spec-$(shell sed -n 's|.*summerwind/h2spec \(v[0-9.]*\).*|\1|p' hack/tools/h2spec/go.mod)
CADDY := $(TOOLS)/caddy-$(shell sed -n 's|.*caddyserver/caddy/v2 \(v[0-9.]*\).*|\1|p' hack/tools/caddy/go.mod)
GOVULNCHECK := $(TOOLS)/govulncheck-$(shell sed -n 's|.*golang.org/x/vuln \(v[0-9.]*\).*|\1|p' hack/tools/vuln/go.mod)

# The API server and etcd that tests run against.
ENVTEST := $(BIN)/envtest-v1.36.3

# Go's race detector needs a C compiler; where there is none, tests run without it.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

##@ Everyday

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_-]+:.*## / {printf "  %-16s %s\n", $$1, $$2} /^##@/ {printf "\n%s\n", substr($$0, 5)}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Serve the quickstart with built-in back ends on 127.0.0.1:8080 and :8443.
	$(BIN)/sluice demo

.PHONY: build
build: ## Build the static binary into bin/.
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/sluice ./cmd/sluice
	ln -sf sluice $(BIN)/kubectl-sluice

.PHONY: test
test: $(ENVTEST)/kube-apiserver $(H2SPEC) ## Run all tests that need neither root nor a cluster.
	$(if $(RACE),,@echo "There is no C compiler, so the race detector is left out." >&2)
	KUBEBUILDER_ASSETS=$(CURDIR)/$(ENVTEST) H2SPEC=$(CURDIR)/$(H2SPEC) go test $(RACE) -timeout 15m ./...
	# How many cases of h2spec passed.
	H2SPEC=$(CURDIR)/$(H2SPEC) go test -run '^TestH2spec$$' -v ./pkg/app | grep h2spec_test
	# Allocations are counted without the race detector, which allocates itself.
	$(if $(RACE),go test ./pkg/proxy ./pkg/wire/... ./pkg/accesslog ./pkg/metrics ./pkg/table/... ./pkg/upstream/...)
	cd e2e && go test $(RACE) ./load/... ./grpc/...
	cd e2e && go test -v ./grpc | grep interop_test

.PHONY: lint
lint: $(GOLANGCI_LINT) $(HELM) ## Check the style of code and chart.
	$(GOLANGCI_LINT) run ./...
	cd e2e && $(CURDIR)/$(GOLANGCI_LINT) run --config ../.golangci.yml ./...
	cd e2e/conformance && $(CURDIR)/$(GOLANGCI_LINT) run --config ../../.golangci.yml ./...
	$(HELM) lint --quiet charts/sluice

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities that the code reaches (asks vuln.go.dev).
	$(GOVULNCHECK) ./...

.PHONY: generate
generate: $(CONTROLLER_GEN) $(HELM) ## Make again what is generated.
	$(CONTROLLER_GEN) object paths=./pkg/api/...
	$(CONTROLLER_GEN) crd paths=./pkg/api/... output:crd:dir=config/crd/bases
	HELM=$(CURDIR)/$(HELM) config/render.sh
	go test ./pkg/app -run '^TestFlagsReference$$' -update
	go test ./cmd/sluice -run '^TestReferencePages$$' -update

.PHONY: check-generate
check-generate: generate ## Fail where a generated file is stale.
	@if [ -n "$$(git status --porcelain -- pkg/api config charts docs/reference)" ]; then \
		git --no-pager diff -- pkg/api config charts docs/reference; \
		git status --porcelain -- pkg/api config charts docs/reference; \
		echo "generated files are stale: run 'make generate' and commit" >&2; exit 1; fi

##@ Cluster

.PHONY: image
image: build ## Make the image archive dist/sluice.tar from the static binary.
	mkdir -p $(DIST)
	go run ./hack/image -o $(DIST)/sluice.tar -t $(IMAGE) -entrypoint /sluice -user 65532:65532 $(BIN)/sluice:/sluice

.PHONY: echo-image
echo-image: ## Make the archive of the back end that e2e tests use.
	mkdir -p $(DIST)
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/echo ./hack/echo
	go run ./hack/image -o $(DIST)/echo.tar -t $(ECHO_IMAGE) -entrypoint /echo -user 65532:65532 $(BIN)/echo:/echo

.PHONY: cluster-up
cluster-up: ## Start a single-node Kubernetes in a network namespace of its own (root).
	go run ./hack/cluster up

.PHONY: cluster-down
cluster-down: ## Take it away without a trace.
	go run ./hack/cluster down

.PHONY: e2e
e2e: image echo-image $(HELM) ## Test on a real cluster: E2E_KUBECONFIG's, else kind's where Docker runs, else hack/cluster's.
	CLUSTER_TESTS=1 $(E2E) -test.run TestSluice
	# Whose p99 it is cannot be told on a machine of which others may have a part.
	$(MAKE) proof JUDGE_P99=false
	# The suite needs addresses for Gateways, which kind and other clusters may not give.
	if [ -z "$${E2E_KUBECONFIG:-}" ] && ! docker info >/dev/null 2>&1; then $(MAKE) conformance; \
	else echo "The conformance suite is left out: it runs on hack/cluster (make conformance)."; fi

# E2E chooses a cluster and runs tests on it.
E2E = IMAGE_TAR=$(DIST)/sluice.tar ECHO_TAR=$(DIST)/echo.tar ECHO_IMAGE=$(ECHO_IMAGE) HELM=$(CURDIR)/$(HELM) \
	KIND_MAKE='$(MAKE) $(KIND)' KIND=$(CURDIR)/$(KIND) hack/e2e.sh

.PHONY: conformance
conformance: image conformance-images $(HELM) ## Run the Gateway API's official suite (root); RUN=NAME for one test, PROFILES=..., FEATURES=..., KEEP=1.
	HELM=$(CURDIR)/$(HELM) VERSION=$(VERSION) RUN='$(RUN)' PROFILES='$(PROFILES)' FEATURES='$(FEATURES)' KEEP='$(KEEP)' NAME='$(NAME)' \
	SLUICE_TAR=$(DIST)/sluice.tar ECHO_BASIC_TAR=$(DIST)/echo-basic.tar COREDNS_TAR=$(DIST)/coredns.tar hack/conformance.sh

.PHONY: conformance-images
conformance-images: ## Make the archives of the back ends that the suite deploys, under the names it knows.
	mkdir -p $(DIST)
	cd e2e/conformance && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/$(BIN)/echo-basic sigs.k8s.io/gateway-api/conformance/echo-basic
	go run ./hack/image -o $(DIST)/echo-basic.tar $(addprefix -t registry.k8s.io/gateway-api/echo-basic:,v1.5.1 v1.6.0-dev.2 v1.6.0-dev.3) \
		-entrypoint /echo-basic -user 65532:65532 $(BIN)/echo-basic:/echo-basic
	cd e2e/conformance/coredns && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/$(BIN)/coredns .
	go run ./hack/image -o $(DIST)/coredns.tar -t registry.k8s.io/coredns/coredns:v1.12.2 -entrypoint /coredns $(BIN)/coredns:/coredns

##@ Proof

PROOF = $(BIN)/proof

.PHONY: proof
proof: proof-program ## Attack and load the real program on loopback for some minutes, each figure with its verdict (docs/proof.md).
	$(PROOF) attack -sluice $(BIN)/sluice -judge-p99=$(or $(JUDGE_P99),true)
	$(PROOF) soak -sluice $(BIN)/sluice -duration 20s
	$(PROOF) origins -sluice $(BIN)/sluice -corpus pkg/wire/h1/testdata/requests.txt
	$(PROOF) tools -sluice $(BIN)/sluice

.PHONY: soak
soak: proof-program ## Load every protocol for DURATION (20m) while tables are swapped ten times a second.
	$(PROOF) soak -sluice $(BIN)/sluice -duration $(or $(DURATION),20m)

.PHONY: proof-program
proof-program: build
	cd e2e && go build -o $(CURDIR)/$(PROOF) ./proof

##@ Figures

.PHONY: bench
bench: build $(CADDY) ## Measure beside HAProxy, nginx, Caddy and ReverseProxy, as ratios of one run; WORKLOAD=h1,tls for some.
	go run ./hack/bench -sluice $(BIN)/sluice -caddy $(CADDY) -workload '$(WORKLOAD)'

.PHONY: bench-scale
bench-scale: image echo-image $(HELM) ## Measure, on a cluster, the time from an applied Ingress, Gateway or HTTPRoute to its first 200, and memory.
	$(E2E) -test.run Scale

# Each tool is rebuilt when its pinned version changes, since the name does.
$(GOLANGCI_LINT):
	mkdir -p $(TOOLS) && cd hack/tools && go build -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(CONTROLLER_GEN):
	mkdir -p $(TOOLS) && cd hack/tools/gen && go build -o $(CURDIR)/$@ sigs.k8s.io/controller-tools/cmd/controller-gen

$(HELM):
	mkdir -p $(TOOLS) && cd hack/tools/helm && go build -o $(CURDIR)/$@ helm.sh/helm/v3/cmd/helm

$(KIND):
	mkdir -p $(TOOLS) && cd hack/tools/kind && go build -o $(CURDIR)/$@ sigs.k8s.io/kind

$(H2SPEC):
	mkdir -p $(TOOLS) && cd hack/tools/h2spec && go build -o $(CURDIR)/$@ github.com/summerwind/h2spec/cmd/h2spec

$(CADDY):
	mkdir -p $(TOOLS) && cd hack/tools/caddy && go build -o $(CURDIR)/$@ github.com/caddyserver/caddy/v2/cmd/caddy

$(GOVULNCHECK):
	mkdir -p $(TOOLS) && cd hack/tools/vuln && go build -o $(CURDIR)/$@ golang.org/x/vuln/cmd/govulncheck

$(ENVTEST)/kube-apiserver:
	go run ./hack/cluster build envtest
