# Everything a developer does here is one of these. `make` alone lists them; docs/development.md says more.
# Works with GNU make 3.81 and later (macOS ships that) and a POSIX shell.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
# Two phases at once only fight over the processors, and their output would mix.
.NOTPARALLEL:

DATA_DIR ?= ./data
RACE     ?= -race
BENCH    ?= .
PKG      ?= ./...

# -buildvcs=false: Go's own stamp fails in a checkout that another user owns; the version below carries the commit.
GO_BUILD  = go build -trimpath -buildvcs=false
VERSION   = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOLS_MOD := .ci/tools/go.mod
# Where our Go lives: not web/ (node_modules holds stray Go files), not data/, and not gen/, which is not ours to format.
GO_DIRS   := cmd server repo migrations examples

# --- the tools, built once per version ---------------------------------------------------------------------------------

TOOL_VERSION = $(shell awk '$$1 == "$(1)" && NF > 1 { print $$2; exit }' $(TOOLS_MOD))
LINTER_PKG  := github.com/golangci/golangci-lint/v2
GOFUMPT_PKG := mvdan.cc/gofumpt
GO_VERSION  := $(shell go env GOVERSION)
# A linter built with an older Go refuses newer code, so the name carries Go's version too.
LINTER  := bin/tools/golangci-lint-$(call TOOL_VERSION,$(LINTER_PKG))-$(GO_VERSION)
GOFUMPT := bin/tools/gofumpt-$(call TOOL_VERSION,$(GOFUMPT_PKG))-$(GO_VERSION)
BUF     := web/node_modules/.bin/buf

$(LINTER):
	@echo "building golangci-lint, once (about two minutes)"
	@mkdir -p bin/tools && rm -f bin/tools/golangci-lint-*
	@go build -modfile=$(TOOLS_MOD) -o $@ $(LINTER_PKG)/cmd/golangci-lint

$(GOFUMPT):
	@mkdir -p bin/tools && rm -f bin/tools/gofumpt-*
	@go build -modfile=$(TOOLS_MOD) -o $@ $(GOFUMPT_PKG)

# --- the web packages --------------------------------------------------------------------------------------------------

# The stamp is a copy of the lock file: `npm ci` runs when the content changed, not when git touched the file.
DEPS := web/node_modules/.installed-lock.json

$(DEPS): web/package-lock.json
	@if cmp -s $< $@; then touch $@; else .ci/phase "npm ci" sh -c 'cd web && npm ci' && cp $< $@; fi

.PHONY: deps
deps: $(DEPS) ## install the web packages, the generators and PostgreSQL's programs (npm ci, only when the lock file changed)

# --- build -------------------------------------------------------------------------------------------------------------

web_sources = $(shell find $(1) -type f ! -path '*/node_modules/*' ! -path '*/results/*' 2>/dev/null)
UI          := server/ui/dist
WEB_CONFIG  := $(DEPS) web/package.json $(wildcard web/tsconfig*.json)

$(UI)/index.html: $(call web_sources,web/dashboard) $(call web_sources,gen/ts) $(WEB_CONFIG)
	@.ci/phase "dashboard build" sh -c 'cd web && npm run --loglevel=error build -w dashboard' && touch $@

$(UI)/t.js: $(call web_sources,web/tracker) $(WEB_CONFIG)
	@.ci/phase "tracker build" sh -c 'cd web && npm run --loglevel=error build -w tracker' && touch $@

.PHONY: web
web: $(UI)/index.html $(UI)/t.js ## build the dashboard and the tracker into server/ui/dist, if their sources changed

.PHONY: build
build: web ## build the whole product: bin/microtracker
	@.ci/phase "go build" $(GO_BUILD) -ldflags "-X main.version=$(VERSION)" -o bin/microtracker ./cmd/microtracker

.PHONY: run
run: build ## build and serve with a local PostgreSQL in ./data and the demo shop (more flags: ARGS="...")
	@exec bin/microtracker serve --demo $(ARGS)

# --- test --------------------------------------------------------------------------------------------------------------

.PHONY: test
test: need-cc need-chromium test-go test-web test-e2e ## run every test: Go with the race detector, dashboard, tracker, the product in a browser

.PHONY: test-go
test-go: need-cc $(DEPS) ## Go tests alone (some packages: PKG=./repo/... ; without the race detector: RACE=)
	@.ci/phase "Go tests" go test $(RACE) $(PKG)

.PHONY: test-web
test-web: test-dashboard test-tracker ## the dashboard's unit tests and the tracker's in a browser

.PHONY: test-dashboard
test-dashboard: $(DEPS)
	@.ci/phase "dashboard tests" sh -c 'cd web && npm test --loglevel=error -w dashboard'

# The tracker's tests build server/ui/dist/t.js themselves.
.PHONY: test-tracker
test-tracker: need-chromium $(DEPS)
	@.ci/phase "tracker tests" $(WITH_CHROMIUM) sh -c 'cd web && npm test --loglevel=error -w tracker'

.PHONY: test-e2e
test-e2e: need-chromium build ## the product in a real browser, alone
	@.ci/phase "browser tests" $(WITH_CHROMIUM) sh -c 'cd web && npm test --loglevel=error -w e2e'

# The browser tests read CHROMIUM.
WITH_CHROMIUM = env CHROMIUM="$$(.ci/chromium)"

.PHONY: need-chromium
need-chromium:
	@.ci/chromium >/dev/null

.PHONY: need-cc
need-cc:
	@.ci/need-cc "$(RACE)"

# The ratios that docs/performance.md keeps, of one run: bench.json has them too. With the 20 million events of the last
# scenario it takes some twenty minutes; `make bench ARGS="-only single"` measures one, `ARGS="-events 1000000"` a smaller one.
.PHONY: bench
bench: build ## measure what is promised, as ratios, and write bench.json (one scenario: ARGS="-only single")
	@go run -buildvcs=false ./cmd/bench $(ARGS)

.PHONY: bench-go
bench-go: $(DEPS) ## run the Go benchmarks (BENCH=regexp; compare two runs with benchstat)
	@packages=$$(grep -rl --include='*_test.go' '^func Benchmark' $(GO_DIRS) | xargs -n1 dirname | sort -u | sed 's,^,./,'); \
	go test -run='^$$' -bench='$(BENCH)' -benchmem $$packages

# --- generate and lint -------------------------------------------------------------------------------------------------

.PHONY: gen
gen: $(DEPS) ## regenerate gen/ and docs/api/ from proto/
	@.ci/phase "generate" .ci/gen

.PHONY: fmt
fmt: $(DEPS) $(GOFUMPT) ## format Go and protos in place
	@$(GOFUMPT) -w $(GO_DIRS)
	@$(BUF) format -w proto

.PHONY: lint
lint: lint-files lint-go lint-rules lint-proto lint-gen lint-web ## check everything that needs no running program

.PHONY: lint-files
lint-files:
	@.ci/phase "go.mod is tidy" go mod tidy -diff
	@.ci/phase "lock file names no registry" .ci/lockfile web/package-lock.json

.PHONY: lint-go
lint-go: $(GOFUMPT) $(LINTER) ## gofumpt and golangci-lint alone
	@.ci/phase "gofumpt" .ci/gofumpt $(GOFUMPT) $(GO_DIRS)
	@.ci/phase "golangci-lint" $(LINTER) run

# The import directions: golangci-lint holds them (depguard in .golangci.yml), this proves that it does.
.PHONY: lint-rules
lint-rules: $(LINTER)
	@.ci/phase "import rules bite" .ci/import-rules $(LINTER)

.PHONY: lint-proto
lint-proto: $(DEPS) ## buf lint, format and breaking alone
	@.ci/protovalidate
	@.ci/phase "buf lint" $(BUF) lint
	@.ci/phase "buf format" $(BUF) format proto -d --exit-code
	@.ci/phase "buf breaking" .ci/breaking

.PHONY: lint-gen
lint-gen: $(DEPS)
	@.ci/phase "generated code is current" .ci/gen --check

.PHONY: lint-web
lint-web: $(DEPS) ## the TypeScript compiler over every web package
	@.ci/phase "TypeScript" sh -c 'cd web && npm run --loglevel=error check -w dashboard -w tracker -w e2e'

# --- the rest ----------------------------------------------------------------------------------------------------------

.PHONY: db-reset
db-reset: ## delete the local database in ./data; asks first (FORCE=1 does not)
	@FORCE="$(FORCE)" .ci/db-reset "$(DATA_DIR)"

.PHONY: clean
clean: ## remove what was built; keeps the database and the installed packages
	@rm -rf bin
	@find $(UI) -mindepth 1 ! -name .gitkeep -delete

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
