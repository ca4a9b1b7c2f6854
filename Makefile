# Bulwark's tasks. `make help` lists them; `make` alone is what to run before
# a commit. Everything a task needs and lacks it installs by itself, into
# $BULWARK_CACHE (default: the user's cache folder) or, as root, with apt-get.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory

export PATH := $(PATH):/usr/local/go/bin
export CGO_ENABLED := 0
export GOFLAGS := -trimpath
ifeq ($(HOME),)
export HOME := $(CURDIR)/build/home
endif

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 30s
ARGS ?=

.PHONY: help all build run test check vet lint cluster race bench quality fuzz web clean

help: ## list the targets and what each does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

all: build vet lint check ## build, vet, staticcheck and the fast tests (what to run before a commit)

build: web ## build the pages and bin/bulwark (static, reproducible, version from git)
	@scripts/ensure go
	@if [ -d cmd/bulwark ]; then \
		go build -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/bulwark ./cmd/bulwark; \
	else go build -buildvcs=false ./...; fi

run: build ## install what is missing, build, scan this host, deploy/ and examples/, show the demo, and serve (ARGS= for more flags)
	@bin/bulwark serve --demo --scan-host --scan-iac deploy --scan-iac examples $(ARGS)

test: ## everything: lint, unit, content, SQLite, PostgreSQL, NATS, CLI, browser, 3 s of each fuzz target that builds quickly
	@scripts/test

check: web ## the fast inner loop: formatting, vet and the short tests (under a minute when warm)
	@scripts/ensure go
	@scripts/gofmt
	@go vet ./...
	@go test -short ./...

vet: web ## gofmt and go vet
	@scripts/ensure go
	@scripts/gofmt
	@go vet ./...

lint: web ## staticcheck, at the version that scripts/ensure pins
	@scripts/lint

cluster: ## build a real Kubernetes API server (once, ten minutes), and test the reading of clusters against it
	@scripts/ensure go
	@scripts/with-cluster go test -count=1 ./internal/provider/kubernetes

race: web ## the tests under the race detector (needs gcc; slow)
	@scripts/ensure go
	@CGO_ENABLED=1 scripts/with-services go test -race ./...

bench: build ## measure speed and memory against peers; prints a table, writes build/bench.json
	@mkdir -p build
	@BULWARK_PG_FSYNC=on scripts/with-services go run ./test/bench $(ARGS)

quality: build ## score the checks against the labelled corpora; prints a table, writes build/quality.json
	@mkdir -p build
	@go run ./test/quality $(ARGS)

fuzz: ## run every fuzz target for FUZZTIME each (default 30s)
	@scripts/fuzz $(FUZZTIME)

# The pages are rebuilt only when a file below web/ is newer than the build.
WEB_FILES := $(shell [ -f web/package.json ] && find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -name '*.go')

ifneq ($(WEB_FILES),)
web: web/dist/index.html ## build the pages into web/dist (npm ci when the lock file changed)

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@scripts/ensure node
	@cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: $(WEB_FILES) web/node_modules/.package-lock.json
	@cd web && npm run build
	@touch $@
else
web:
	@:
endif

clean: ## remove what was built (not the caches, not bulwark-data/)
	@rm -rf bin build web/node_modules test/web/node_modules
	@[ ! -d web/dist ] || find web/dist -mindepth 1 -not -name README.txt -delete # README.txt is committed, so that web.go compiles
