# hypercare: `make` lists what can be done. Every target works on a fresh
# machine with Go and Node.js; what else it needs, it installs or says.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The product is pure Go: one static binary. Only the race detector needs C.
export CGO_ENABLED ?= 0
export GOFLAGS := $(if $(findstring -buildvcs,$(GOFLAGS)),$(GOFLAGS),$(strip $(GOFLAGS) -buildvcs=false))
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

LISTEN ?= 127.0.0.1:8080
DATA ?= data

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## -- running it

.PHONY: run
run: ui build ## build everything and start it on http://localhost:8080, data in ./data
	@exec bin/hypercare serve --listen $(LISTEN) --data $(DATA)

.PHONY: dev
dev: build ui-deps ## start it with a live-reloading UI on http://localhost:5173
	@trap 'kill 0' EXIT INT TERM; \
	bin/hypercare serve --listen $(LISTEN) --data $(DATA) & \
	cd ui && HC_URL=http://$(LISTEN) npm run --silent dev

.PHONY: build
build: ## build bin/hypercare from what ui/dist has
	@go build -trimpath -ldflags '$(LDFLAGS)' -o bin/hypercare ./cmd/hypercare

.PHONY: release
release: ui ## static binaries for linux amd64 and arm64 in dist/, with checksums
	@mkdir -p dist
	@for arch in amd64 arm64; do \
	  GOOS=linux GOARCH=$$arch CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o dist/hypercare-linux-$$arch ./cmd/hypercare || exit 1; \
	done
	@cp LICENSE NOTICE dist/ && cd dist && sha256sum hypercare-* > SHA256SUMS && ls -l

## -- the UI

# Not `npm ci`: the lock file holds the packages of the platforms that the registry
# it was made with serves, and ci refuses it where optional ones are missing.
ui/node_modules/.installed: ui/package-lock.json
	@cd ui && npm install --no-save --no-audit --no-fund --loglevel=error && touch node_modules/.installed

.PHONY: ui-deps
ui-deps: ui/node_modules/.installed

# Clients of other products that internal/e2e points at hypercare, unmodified.
.PHONY: clients
clients: tools/clients/node_modules/.installed ## install clients of others (tools/clients) that tests use

tools/clients/node_modules/.installed: tools/clients/package-lock.json
	@cd tools/clients && npm install --no-save --loglevel=error && touch node_modules/.installed

UI_SOURCES = $(shell find ui/src ui/public ui/scripts ui/index.html ui/package.json ui/vite.config.ts -type f ! -name 'seed*.mjs' ! -name 'pictures*.mjs' 2>/dev/null)

ui/dist/index.html: ui/node_modules/.installed $(UI_SOURCES)
	@cd ui && npm run --silent build -- --logLevel warn

WIDGET_SOURCES = $(shell find widget/src ui/scripts/widget.mjs -type f ! -name '*.test.ts' 2>/dev/null)

# Fails when the widget is over its budget.
widget/dist/w.js: ui/node_modules/.installed $(WIDGET_SOURCES)
	@cd ui && npm run --silent widget

.PHONY: ui
ui: ui/dist/index.html widget/dist/w.js ## build UI and widget into their dist, where the binary embeds them

.PHONY: ui-size
ui-size: ui
	@cd ui && npm run --silent size

.PHONY: gen
gen: ui-deps ## regenerate the OpenAPI document and the UI's types from it
	@go run ./cmd/hypercare openapi > ui/openapi.json.tmp && mv ui/openapi.json.tmp ui/openapi.json
	@cd ui && npm run --silent gen

.PHONY: gen-check
gen-check: build ui-deps
	@bin/hypercare openapi | diff -q - ui/openapi.json >/dev/null || { echo "ui/openapi.json is not what the API says any more: run make gen and commit"; exit 1; }
	@t=$$(mktemp) && (cd ui && npx openapi-typescript openapi.json -o $$t >/dev/null) && diff -q $$t ui/src/schema.gen.ts >/dev/null; \
	  r=$$?; rm -f $$t; [ $$r = 0 ] || { echo "ui/src/schema.gen.ts does not fit ui/openapi.json: run make gen and commit"; exit 1; }

## -- checking it

.PHONY: test
test: ## everything: lint, Go on SQLite and PostgreSQL, UI, browser stories
	@scripts/test.sh

.PHONY: test-go
test-go: ## Go tests on SQLite, with the race detector where there is concurrency
	@scripts/test.sh go

.PHONY: test-pg
test-pg: ## the same Go tests on a private PostgreSQL
	@scripts/test.sh pg

.PHONY: test-ui
test-ui: ## UI unit tests
	@scripts/test.sh ui

.PHONY: e2e
e2e: ## browser stories with axe, Lighthouse, 100,000 reports: against the real binary
	@scripts/test.sh e2e

.PHONY: pictures
pictures: ui build ## make the README's pictures from a demo, into docs/images
	@scripts/with-server.sh node ui/scripts/pictures.mjs docs/images

.PHONY: lint
lint: lint-go lint-ui ## formatting, vet, linters and house rules

.PHONY: lint-go
lint-go:
	@go tool -modfile=tools/go.mod golangci-lint run ./...

.PHONY: lint-ui
lint-ui: ui-deps
	@cd ui && npm run --silent lint

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (default 20s) each
	@scripts/fuzz.sh $(or $(FUZZTIME),20s)

.PHONY: fmt
fmt: ui-deps ## format Go and the UI
	@gofmt -w cmd internal ui/*.go
	@cd ui && npm run --silent format

## -- measuring it

.PHONY: eval
eval: build ## quality of the language engine on labelled data, beside floor and published
	@bin/hypercare eval $(EVAL)

.PHONY: eval-evidence
eval-evidence: build ## a shop with injected faults and people who report: is the true call found, the true cause named? EVIDENCE="-seeds 101-110 -misses" for more
	@go build -o bin/hcexamine ./internal/demo/examine
	@bin/hcexamine -bin bin/hypercare $(EVIDENCE)

.PHONY: bench
bench: bench-intake bench-list bench-pulse bench-import bench-triage bench-calls bench-spans bench-evidence bench-metrics bench-gateway bench-ui ## all of the measurements below

.PHONY: soak
soak: ## the gateway under traffic of all kinds for 10 minutes while upstreams die; SOAK="-d 1h" for more
	@go run ./internal/bench/soak $(SOAK)

.PHONY: bench-intake bench-list bench-pulse bench-import bench-triage bench-calls bench-spans bench-evidence bench-metrics bench-gateway bench-ui
bench-intake: build ## durable items/s and latency, 64 clients, SQLite and PostgreSQL
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench intake -bin bin/hypercare
	@scripts/with-postgres.sh --durable bin/hcbench intake -bin bin/hypercare -postgres

bench-list: build ## list, facet and search times over 100k and 1M feedback
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench list -bin bin/hypercare
	@scripts/with-postgres.sh --durable bin/hcbench list -bin bin/hypercare -postgres

bench-pulse: build ## the command centre over 100k and 1M feedback
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench pulse -bin bin/hypercare

bench-import: build ## 100,000 rows: time to first pass and to sentence vectors, memory
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench import -bin bin/hypercare

bench-triage: build ## items/s of the language engine on one core
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench triage -bin bin/hypercare

bench-evidence: build ## evidence of one report beside 10 million calls and a million spans; EVIDENCE_BENCH="-records 1000000" for less
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench evidence -bin bin/hypercare $(EVIDENCE_BENCH)

bench-spans: ## telemetry: durable spans/s, and what evidence asks of a million; SPANS="-spans 5000000" for more
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench spans $(SPANS)
	@scripts/with-postgres.sh --durable bin/hcbench spans -postgres $(SPANS)

bench-calls: ## the call log: 10 million calls over 30 days; CALLS="-records 90000000" for more
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench calls $(CALLS)

bench-gateway: build ## the gateway beside nginx: processor time a request, added latency, memory, growth
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench gateway -bin bin/hypercare $(GATEWAY)

bench-metrics: ## the metrics: 1,000 routes over 3 hours; METRICS="-routes 10000 -hours 1" for more
	@go build -o bin/hcbench ./internal/bench/hcbench
	@bin/hcbench metrics $(METRICS)

bench-ui: ui build ## the inbox with 100,000 reports: key to paint, frames while scrolling, first rows
	@set -o pipefail; scripts/with-server.sh bash -c 'cd ui && NO_COLOR=1 npx vitest run --config vitest.e2e.config.ts e2e/gates/hundred-thousand' 2>&1 \
	  | sed -n 's/^.*measured: //p; /Error/p; / failed/p'

.PHONY: clean
clean: ## remove what was built (data stays)
	@rm -rf bin dist ui/node_modules
	@find ui/dist widget/dist -mindepth 1 ! -name .gitkeep -delete
