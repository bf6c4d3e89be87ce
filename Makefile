# Millrace. `make` alone prints this list.

SHELL := /bin/bash
CHECKS := --explicit-target-dependency-import-check error
RELEASE := -c release -Xswiftc -cross-module-optimization
BIN := .build/release/millrace
MAP ?=
SCENARIO ?=
DURATION ?= 60
ONLY ?=
SEED ?=
SEEDS ?= 1000
FROM ?= 0
STEPS ?=
KEEP ?=
BUG ?=
CONTROL ?=

.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: ## install what is missing (Debian packages)
	@.ci/install

.PHONY: build
build: setup ## debug build with the import check
	@swift build --build-tests $(CHECKS)

.PHONY: release
release: setup ## release build
	@swift build $(RELEASE) $(CHECKS) --product millrace

.PHONY: run
run: release ## the main job on a city: a fleet drives, speeds come out (MAP=file.osm.pbf, SCENARIO=incident, DURATION=60, KEEP=1)
	@.ci/with-postgres $(if $(KEEP),,--fresh) $(BIN) dev demo --duration $(DURATION) $(if $(KEEP),--keep) $(if $(MAP),--map $(MAP)) $(if $(SCENARIO),--scenario $(SCENARIO))

.PHONY: test
test: build ## build and run every test
	@.ci/test

.PHONY: lint
lint: ## style, as CI checks it
	@swift format lint --strict --recursive --parallel Package.swift Operators Pipelines Tests

.PHONY: format
format: ## rewrite files in the project's style
	@swift format --in-place --recursive --parallel Package.swift Operators Pipelines Tests

.PHONY: sim
sim: setup ## the commit protocol under seeded faults (SEED=n for one, STEPS=n; SEEDS=1000, FROM=0; BUG=name, CONTROL=1)
	@swift build $(RELEASE) --product Simulate
	@SEED=$(SEED) STEPS=$(STEPS) SEEDS=$(SEEDS) FROM=$(FROM) BUG=$(BUG) CONTROL=$(CONTROL) .build/release/Simulate

.PHONY: bench
bench: setup ## every figure beside a floor or a peer (ONLY=prefix; SHORT=1 to see that it works)
	@swift build $(RELEASE) --product Benchmarks
	@ONLY=$(ONLY) .build/release/Benchmarks

.PHONY: accuracy
accuracy: setup ## how right matching and speeds are, against a known truth; with a map, bounds and Valhalla beside it (MAP=file.osm.pbf)
	@swift build $(RELEASE) --product Accuracy
	@status=0; .build/release/Accuracy $(MAP) $(if $(MAP),--tracks .millrace/accuracy/tracks) || status=$$?; \
		$(if $(MAP),.ci/accuracy-peer $(MAP) .millrace/accuracy || status=$$?;) exit $$status

.PHONY: routers
routers: build ## Valhalla 3.9 routes by the speeds that are exported to it (a test; needs Python 3.12 and PyPI)
	@.ci/test --filter RouterPeerTests

.PHONY: bench-smoke
bench-smoke: ## the record path's instructions must stay below the committed bound
	@.ci/bench-smoke

.PHONY: ci
ci: ## what CI runs
	@.ci/run

.PHONY: clean
clean: ## remove builds and everything that runs have left
	@.ci/postgres drop >/dev/null 2>&1 || true
	@rm -rf .build .millrace
