# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Everything is built from Go modules: no target downloads a binary, so all of them work behind a module proxy.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN     := $(CURDIR)/bin
GOARCH  ?= $(shell go env GOARCH)
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
IMG     ?= avs-operator:$(VERSION)
# How many times faster than real time the simulated Azure and vCenter run in demo and local.
SPEED   ?=
# none: make local runs everything but the operator.
OPERATOR ?=
# The part of the sweep that runs, as i/n: 1/3 is the first of three. Empty: all of it.
SHARD   ?=
# Packages whose tests run at once. Each may start its own control plane (about 400 MB).
TEST_PARALLEL ?= 2
# What lint has looked at is not looked at again, and no test needs debugging tables, which make linking slower: a minute and a half on two cores.
TEST_FLAGS := -vet=off -ldflags=-w -p $(TEST_PARALLEL)

# Tools are kept in bin/ under their version, so that a new version in a go.mod rebuilds and an old branch still finds its own.
tool_version = $(shell awk '$$1 == "$(2)" { print $$2; exit }' hack/tools/$(1)/go.mod)
CONTROLLER_GEN := $(BIN)/controller-gen-$(call tool_version,controller-gen,sigs.k8s.io/controller-tools)
GOLANGCI_LINT_VERSION := $(call tool_version,golangci-lint,github.com/golangci/golangci-lint/v2)
GOLANGCI_LINT  := $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)-kal-$(call tool_version,golangci-lint,sigs.k8s.io/kube-api-linter)
GOVULNCHECK    := $(BIN)/govulncheck-$(call tool_version,govulncheck,golang.org/x/vuln)
CRD_REF_DOCS   := $(BIN)/crd-ref-docs-$(call tool_version,crd-ref-docs,github.com/elastic/crd-ref-docs)

# Where the control plane's binaries are: yours if KUBEBUILDER_ASSETS is set, else the cache.
ASSETS := $(shell hack/controlplane/build.sh --dir)
WITH_ASSETS := KUBEBUILDER_ASSETS=$(ASSETS)
# Where suites write which of the operator's rights they used.
RIGHTS := $(CURDIR)/.cache/rights

##@ General

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-zA-Z_-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## Remove what was built here (the control plane's cache stays: it is shared by all checkouts).
	rm -rf $(BIN) .local .cache

##@ Build

.PHONY: build
build: ## Build the operator for this machine into bin/avs-operator.
	go build -ldflags "-X main.version=$(VERSION)" -o $(BIN)/avs-operator .

.PHONY: build-static
build-static: ## Build the static linux binary of the image into bin/linux_$GOARCH/ (the Dockerfile's build command).
	CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN)/linux_$(GOARCH)/avs-operator .

.PHONY: cross
cross: $(BIN)/static ## Build the image's binary for amd64 and arm64, and check that both are static.
	for arch in amd64 arm64; do \
	  $(MAKE) --no-print-directory build-static GOARCH=$$arch; \
	  $(BIN)/static -arch $$arch $(BIN)/linux_$$arch/avs-operator; \
	done

.PHONY: docker-build
docker-build: ## Build the image $IMG.
	docker build --build-arg VERSION=$(VERSION) -t $(IMG) .

##@ Generated code

.PHONY: generate
generate: manifests $(CRD_REF_DOCS) ## Regenerate everything that is generated: deepcopy, CRDs, RBAC, the API reference, the lists of reasons and of metrics.
	$(MAKE) --no-print-directory deepcopy
	mkdir -p docs
	$(CRD_REF_DOCS) --source-path=api --config=hack/tools/crd-ref-docs/config.yaml --renderer=markdown --log-level=ERROR --output-path=docs/reference.md
	go run ./hack/tools/advice -page > docs/reasons.md
	words=$$(go run ./hack/tools/metrics -words api/v1alpha1) && printf '%s\n' "$$words" > controllers/metrics/zz_generated.words.go
	go run ./hack/tools/metrics -page > docs/metrics.md

.PHONY: deepcopy
deepcopy: $(CONTROLLER_GEN) ## Regenerate the deep copies of api/.
	$(CONTROLLER_GEN) object:headerFile=hack/tools/controller-gen/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Regenerate CRDs from api/, RBAC from the markers in controllers/, and what lists the kinds.
	CONTROLLER_GEN=$(CONTROLLER_GEN) hack/tools/manifests.sh

# Fields of the spec are properties in Azure, each with a value for the sample.
.PHONY: kind
kind: ## Begin a kind of Azure: make kind NAME=GoldPolicy PARENT=PrivateCloud FIELDS="size=3 poolId=pool-1". SEGMENT is its segment in ARM if not the plural (workloadNetworks/segments for what stands in the network), PATCH=no that it has none. docs/kinds.md goes on from there.
	go run ./hack/tools/newkind -name "$(NAME)" -parent "$(PARENT)" -segment "$(SEGMENT)" -fields "$(FIELDS)" $(if $(filter no,$(PATCH)),-no-patch)

.PHONY: verify
verify: ## Fail if something generated differs from what is in the tree.
	before=$$(hack/tools/generated.sh); \
	$(MAKE) --no-print-directory generate; \
	diff <(echo "$$before") <(hack/tools/generated.sh) || { echo "Generated files were out of date: run make generate and commit the result" >&2; exit 1; }

##@ Checks

.PHONY: fmt
fmt: ## Format the Go code.
	gofmt -s -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: vet
vet: ## Run go vet.
	go vet ./...

.PHONY: lint
lint: lint-code lint-calls lint-api ## Run all linters.

.PHONY: lint-code
lint-code: $(GOLANGCI_LINT) ## Lint the code: imports run one way, sizes, errors, style.
	$(GOLANGCI_LINT) run ./...
	GOLANGCI_LINT=$(GOLANGCI_LINT) hack/tools/lint-rules.sh
	go run ./hack/tools/advice .

.PHONY: lint-calls
lint-calls: $(BIN)/callsup ## Hold the size of packages, files and functions, and calls that run back up between files, to hack/tools/callsup/limits.txt.
	cd hack/tools/callsup && go vet . && go test .
	$(BIN)/callsup -limits hack/tools/callsup/limits.txt ./controllers/...

.PHONY: calls
calls: $(BIN)/callsup ## List calls that run back up between the files of $PACKAGE, and the order in which they are fewest.
	$(BIN)/callsup -v $(or $(PACKAGE),./controllers/...)

.PHONY: calls-lower
calls-lower: $(BIN)/callsup ## Lower the limits of size and of calls up to what is counted now.
	$(BIN)/callsup -lower -limits hack/tools/callsup/limits.txt ./controllers/...

.PHONY: lint-api
lint-api: $(GOLANGCI_LINT) ## Lint the custom resources' types with kube-api-linter.
	$(GOLANGCI_LINT) run --config .golangci-kal.yml ./api/...

.PHONY: vuln
vuln: $(GOVULNCHECK) ## Look for known vulnerabilities whose code is called, and that hack/tools/govulncheck/accepted.txt does not accept.
	cd hack/tools/govulncheck && $(GOVULNCHECK) $(CURDIR) accepted.txt

.PHONY: test
test: controlplane ## Run all tests, with a real control plane.
	rm -rf $(RIGHTS) && mkdir -p $(RIGHTS)
	$(WITH_ASSETS) AVS_OPERATOR_RIGHTS_DIR=$(RIGHTS) go test -count=1 -timeout 20m $(TEST_FLAGS) ./...
	@hack/tools/unused-rights.sh $(RIGHTS)

.PHONY: unit
unit: ## Run all tests that need no control plane. What has not changed since the last time is not run again.
	go test $(TEST_FLAGS) $$(hack/tools/unit-packages.sh)

.PHONY: test-kind
test-kind: controlplane ## Run what the suites have about one kind of Azure: make test-kind KIND=Segment. SHARD=i/n takes another part of its deaths than the first tenth.
	$(WITH_ASSETS) SHARD=$(SHARD) hack/tools/test-kind.sh "$(KIND)" -count=1 -timeout 15m $(TEST_FLAGS)

.PHONY: test-new-kind
test-new-kind: controlplane $(CONTROLLER_GEN) ## Show in a copy of this checkout that what make kind writes passes conformance.
	$(WITH_ASSETS) hack/tools/newkind/test.sh

.PHONY: test-race
test-race: controlplane ## Run all tests with the race detector.
	$(WITH_ASSETS) go test -race -timeout 40m $(TEST_FLAGS) ./...

.PHONY: bench
bench: controlplane ## Measure: what a fleet costs, applied, converged and edited, what creating private clouds costs at real pace (20 seeds), what 10,000 machines at each of two vCenters cost while nothing moves, and a change among them, what one namespace that attacks costs another, and how fast the simulated Azure lists 10,000 children.
	$(WITH_ASSETS) AVS_OPERATOR_BENCH=1 go test -count=1 -timeout 100m -v ./test/azure/bench
	$(WITH_ASSETS) AVS_OPERATOR_BENCH=1 go test -count=1 -timeout 20m -v -run TestOneNamespaceDoesNotStarveAnother ./test/security
	$(WITH_ASSETS) AVS_OPERATOR_SEEDS=20 go test -count=1 -timeout 20m -v -run TestPrivateCloudCreate ./test/azure/pace
	VCENTERSIM_MACHINES=10000 go test -count=1 -timeout 20m -v -run TestOneUpdateAmongThousandsIsQuick ./test/vcentersim
	ARMSIM_CHILDREN=10000 go test -count=1 -timeout 20m -v -run TestPace ./test/armsim/cmd/armsim

.PHONY: sweep
sweep: controlplane ## Let everything go wrong: a death around every write of every kind, every fault of Azure, every change of leader; every call of a move refused, lost, slow or late, at both vCenters. SHARD=i/n runs a part; make test takes a sample.
	$(WITH_ASSETS) AVS_OPERATOR_SWEEP=1 SHARD=$(SHARD) go test -race -count=1 -timeout 80m -parallel 16 -v ./test/azure/sweep
	$(WITH_ASSETS) AVS_OPERATOR_SWEEP=1 SHARD=$(SHARD) go test -race -count=1 -timeout 40m -parallel 4 -v -run 'TestSweep|TestRounds' ./test/move/machine ./test/operator

.PHONY: record-release
record-release: controlplane ## Keep what this version stores in test/api/releases/$RELEASE, for later versions to read.
	@[ -n "$(RELEASE)" ] || { echo "Say which release: make record-release RELEASE=v0.2.0" >&2; exit 1; }
	go build -o $(BIN)/local ./hack/local
	$(WITH_ASSETS) $(BIN)/local -record test/api/releases/$(RELEASE) demo

##@ Control plane and local environment

.PHONY: controlplane
controlplane: ## Build etcd, kube-apiserver, kube-controller-manager and kubectl into the cache, unless they are there.
	@hack/controlplane/build.sh

# Built and then executed, because go run does not pass SIGTERM on: the control plane would be left behind.
.PHONY: demo
demo: controlplane ## Build a private cloud and move machines into it, on simulators, with a kill in between. SPEED sets the pace.
	go build -o $(BIN)/local ./hack/local
	exec env $(WITH_ASSETS) SPEED=$(SPEED) $(BIN)/local demo

.PHONY: local
local: controlplane ## Run control plane, simulators and operator until Ctrl-C; kubeconfig in .local/. SPEED sets the pace. What make build writes is taken at once. OPERATOR=none leaves the operator to you, and says how to start it.
	go build -o $(BIN)/local ./hack/local
	exec env $(WITH_ASSETS) SPEED=$(SPEED) OPERATOR=$(OPERATOR) $(BIN)/local local

.PHONY: samples
samples: controlplane ## Apply config/samples, with the local addresses filled in, to the running local environment.
	$(ASSETS)/kubectl --kubeconfig .local/kubeconfig apply -k .local/samples

##@ Deployment

.PHONY: install
install: controlplane ## Install the CRDs into the cluster of the current kubeconfig.
	$(ASSETS)/kubectl apply --server-side -k config/crd

.PHONY: deploy
deploy: controlplane ## Install the operator, image $IMG, into the cluster of the current kubeconfig.
	@[[ "$(IMG)" == *@sha256:* ]] || echo "$(IMG) names a tag, which can be given to another image later: for production deploy IMG=...@sha256:..." >&2
	$(ASSETS)/kubectl kustomize config/default | sed 's|image: avs-operator:latest|image: $(IMG)|' | $(ASSETS)/kubectl apply --server-side -f -

.PHONY: undeploy
undeploy: controlplane ## Remove the operator from the cluster. CRDs stay: deleting them would delete every private cloud's object.
	for part in admission manager rbac; do $(ASSETS)/kubectl delete --ignore-not-found -k config/$$part; done

##@ Tools

.PHONY: tools
tools: $(CONTROLLER_GEN) $(CRD_REF_DOCS) $(GOLANGCI_LINT) $(BIN)/static $(BIN)/callsup ## Build the tools into bin/.

$(CONTROLLER_GEN): hack/tools/controller-gen/go.mod
	cd hack/tools/controller-gen && go build -o $@ sigs.k8s.io/controller-tools/cmd/controller-gen
	touch $@

$(CRD_REF_DOCS): hack/tools/crd-ref-docs/go.mod
	cd hack/tools/crd-ref-docs && go build -o $@ github.com/elastic/crd-ref-docs
	touch $@

$(GOLANGCI_LINT): hack/tools/golangci-lint/go.mod hack/tools/golangci-lint/main.go
	cd hack/tools/golangci-lint && go build -ldflags "-X main.version=$(GOLANGCI_LINT_VERSION:v%=%)" -o $@ .
	touch $@

$(GOVULNCHECK): hack/tools/govulncheck/go.mod hack/tools/govulncheck/main.go
	cd hack/tools/govulncheck && go build -o $@ .
	touch $@

$(BIN)/callsup: hack/tools/callsup/go.mod $(filter-out %_test.go,$(wildcard hack/tools/callsup/*.go))
	cd hack/tools/callsup && go build -o $@ .
	touch $@

$(BIN)/static: hack/tools/static/main.go
	cd hack/tools/static && go build -o $@ .
