# `make demo` runs the main job on the embedded tenant; `make test` passes the tests.

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# What is fuzzed, and how long each target of it.
FUZZED   ?= pkg/spec pkg/connection internal/transport pkg/qlik pkg/qlik/internal/statement pkg/apinizer pkg/simulator/apinizer
FUZZTIME ?= 20s

# The race detector needs cgo, and that a C compiler.
CC_FOUND := $(shell command -v $$($(GO) env CC) 2>/dev/null)
RACE     := $(if $(CC_FOUND),-race,)

.PHONY: help build docs demo test cases windows property chaos matrix lint check audit api snapshot witness editor site browser kubernetes bench fuzz clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/qlsync, which is static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.release=$(VERSION)' -o bin/qlsync ./cmd/qlsync

docs: ## write the generated pages of docs, and the pictures of README.md
	$(GO) test -count=1 ./cmd/qlsync -run TestTheReference -update

demo: build ## plan, apply, drift and repair against the embedded tenant
	@$(GO) run ./test/demo bin/qlsync examples/acme

test: ## run all tests, with the race detector where a C compiler is found
	@echo $(if $(RACE),"testing with the race detector","testing without the race detector: no C compiler found")
	$(if $(RACE),CGO_ENABLED=1) $(GO) test $(RACE) -vet=off -shuffle=on -timeout 30m ./...

# The tests of which make test draws a part of the cases, and those that need a process without the race detector.
CASES := Gigabyte|KilledAt|CutOff|NothingIsLost|SignalBefore|TrustsTooMuch|UnderEverySwitch|TenantQuotes

cases: ## run every case of the tests of which make test runs a part
	$(GO) test -vet=off -count=1 ./cmd/qlsync -run '$(CASES)' -every-case -matrix=60 -timeout 30m

# What runs on Windows under Wine: the packages that read, write and start something there.
WINDOWS ?= ./internal/... ./schemas ./pkg/connection ./pkg/plan ./pkg/spec ./pkg/simulator/...

windows: ## build qlsync.exe and tests for Windows, and run them under Wine where there is one
	@GO="$(GO)" sh test/windows/run $(WINDOWS)

# The same worlds every time; SEED=0 draws others.
SEED ?= 1

property: ## draw 20,000 random worlds for the planner, 5,000 for the index of usage, and kill the planner after each operation in 6,000 more
	$(GO) test ./pkg/plan -run 'AnyPlan|Hostile|Targets' -rapid.checks=20000 -rapid.seed=$(SEED) -timeout 30m
	$(GO) test ./internal/impact -worlds=5000 -timeout 30m
	$(GO) test ./pkg/qlik -run VeryManyApps -apps=5000 -timeout 30m
	$(GO) test ./pkg/plan -run EveryPrefix -rapid.checks=1000 -rapid.seed=$(SEED) -timeout 30m

chaos: ## draw 2,500 random worlds with faults, 500 that lie about statements, 300 of Apinizer, soak 5,000 steps in them, read 10,000 connections, quote secrets in 40,000 answers, apply to 2,000 fleets in waves
	$(GO) test ./pkg/qlik -run TestManyConnections -connections=10000
	$(GO) test ./test/chaos -skip Apinizer -rapid.checks=2500 -rapid.seed=$(SEED) -soak=5000 -proofs=500 -timeout 30m
	$(GO) test ./test/chaos -run Apinizer -rapid.checks=300 -rapid.seed=$(SEED) -timeout 30m
	$(GO) test ./pkg/qlik ./pkg/apinizer ./cmd/qlsync -run 'TestNoAnswerBrings|TestNoAnswerOfAManager|TestNoOutputShows' -echoes=10000 -timeout 30m
	$(GO) test ./cmd/qlsync -run TestRandomFleets -fleets=2000 -fleets.seed=$(SEED) -timeout 30m

matrix: ## let signals and faults happen to 500 applies at random moments
	$(GO) test ./cmd/qlsync -run NothingIsLost -matrix=500 -matrix.seed=$(SEED) -timeout 30m

lint: ## check format, vet (also for Windows and macOS), staticcheck, the workflows and go.mod
	@files=$$($(TOOL) gofumpt -l cmd internal pkg schemas examples test tools); \
	  if [ -n "$$files" ]; then echo "not formatted with gofumpt:" $$files; exit 1; fi
	$(GO) vet ./...
	GOOS=windows CGO_ENABLED=0 $(GO) vet ./...
	GOOS=darwin CGO_ENABLED=0 $(GO) vet ./...
	$(TOOL) staticcheck ./...
	cd tools/release && $(GO) vet ./... && $(GO) tool -modfile=../go.mod staticcheck ./...
	$(TOOL) actionlint .github/workflows/*.yml examples/ci/.github/workflows/*.yml examples/ci-fleet/.github/workflows/*.yml
	$(GO) mod tidy -diff

editor: ## drive a real YAML language server on what qlsync writes for editors (needs Node)
	@command -v npm >/dev/null || { echo "make editor needs Node 20 or newer, with npm: there is none here"; exit 1; }
	cd test/editor && npm ci --loglevel=error && GO="$(GO)" npm test --silent

witness: ## hold qlsync and its embedded tenant against Qlik's own npm package (needs Node)
	@command -v npm >/dev/null || { echo "make witness needs Node 20 or newer, with npm: there is none here"; exit 1; }
	cd test/witness && npm ci --loglevel=error && GO="$(GO)" npm test --silent

site: ## build the web site from README.md and docs into bin/site (needs Node)
	@command -v npm >/dev/null || { echo "make site needs Node 20 or newer, with npm: there is none here"; exit 1; }
	cd site && npm ci --loglevel=error && npm run build --silent

browser: site ## open the web site and the pages of plans and drift in Chromium (needs Node and Chromium)
	@command -v npm >/dev/null || { echo "make browser needs Node 20 or newer, with npm: there is none here"; exit 1; }
	@command -v "$${CHROMIUM:-/usr/bin/chromium}" >/dev/null || { echo "make browser needs Chromium: install it, or set CHROMIUM"; exit 1; }
	cd test/browser && npm ci --loglevel=error && GO="$(GO)" npm test --silent

kubernetes: ## apply the manifests of deploy/kubernetes on a real cluster, which is built first (needs root and Debian)
	$(GO) test ./test/kubernetes -count=1 -v -cluster -timeout 85m

audit: ## look for known vulnerabilities in what qlsync is built from (needs the network)
	$(GO) mod verify
	$(GO) run ./test/audit

api: ## compare the Go API of pkg with that of the last release
	$(GO) test -C tools/release ./api
	$(GO) run -C tools/release ./api ../..

# The programs that make a release have a module of their own: goreleaser needs hundreds of modules.
RELEASER := $(GO) tool -modfile=tools/release/go.mod goreleaser

# goreleaser takes the commit and its time from Git only if the clone has an origin.
ORIGIN := GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=https://github.com/qlsync/qlsync

snapshot: ## build what a release consists of, without signatures, into bin/dist, and check it
	@test -d .git || { echo "make snapshot needs a clone: in a linked worktree, the Go tool does not record the commit"; exit 1; }
	$(RELEASER) check --quiet
	$(ORIGIN) PACKAGES_TOKEN= $(RELEASER) release --snapshot --clean --skip=sign
	$(GO) run -C tools/release ./image -dist ../../bin/dist
	$(GO) test -C tools/release -count=1 -v . ./image ./notes

check: lint test ## everything that must hold before a change lands, on a clean tree
	@if [ -n "$$(git status --porcelain)" ]; then echo "the working tree is not clean:"; git status --short; exit 1; fi

bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...
	@echo "the time of writes under a rate limit, of the shortest that it allows:"
	@$(GO) test -count=1 -v -run TestMakespan ./pkg/qlik | grep makespan_test
	@echo "the reads of plans, with 50 ms a request and the documented limit:"
	@$(GO) test -count=1 -v -run TestReadsOfAFleet ./test/chaos -reads -timeout 60m | grep reads_test

# Go before 1.27 may report the end of FUZZTIME as a failure (golang/go#75804), so a failure is tried
# again. A finding has left its input in testdata, and fails again at once.
fuzz: ## fuzz the readers of files and of answers, each for FUZZTIME
	@set -e; for package in $(FUZZED); do targets=$$($(GO) test -list '^Fuzz' ./$$package | grep '^Fuzz'); for target in $$targets; do \
	  echo "fuzzing $$target for $(FUZZTIME)"; \
	  run="$(GO) test -run ^\$$ -fuzz ^$$target\$$ -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./$$package"; \
	  $$run || { echo "once more:"; $$run; }; \
	done; done

clean: ## remove what was built
	rm -rf bin coverage.out
