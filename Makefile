# SPDX-License-Identifier: Apache-2.0
# The commands of this repository. `make help` lists them.

SHELL := bash
ENV := . tools/env.sh &&
EDGE := --profile edge --no-default-features --features edge

# What the Worker is made of. Tests and documentation are not.
WORKER := build/index_bg.wasm
ENGINE := build/engine.wasm
WORKER_SOURCES := Cargo.toml Cargo.lock $(shell find src -name '*.rs' -o -name '*.sql' -o -name '*.html')

PALISADE := target/debug/palisade

.PHONY: help run palisade test bench bench-edge worker check fmt lint types native edge licences setup chromium browser engine clean
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: worker palisade ## the gate on :8787 in front of a sample origin on :8788; PACK=NAME for another pack
	@$(ENV) node tools/run.mjs

palisade: $(PALISADE) ## the command, as target/debug/palisade

# `cargo test` makes this file, too, of dependencies with other features: where it is fresh, nothing is built twice.
$(PALISADE): $(WORKER_SOURCES)
	cargo build --bin palisade
	@touch $@

# Fast things first: most mistakes show within the first minute.
test: check native edge browser ## everything that must hold before a change is done

check: fmt lint types licences ## format, lints, JavaScript types, licences

fmt:
	cargo fmt --check

lint: setup
	cargo clippy --all-targets -- -D warnings
	tools/wasm.sh cargo clippy --lib --no-default-features --features edge --target wasm32-unknown-unknown -- -D warnings

types: setup
	@$(ENV) npm run --silent types

native:
	cargo test
	tests/readme.sh

edge: worker palisade
	cargo test --quiet --test store the_cases_are_written_down_for_d1
	@$(ENV) npm run --silent test:edge

engine: setup $(ENGINE) ## build/engine.wasm: the engine without Cedar, as a page loads it

browser: setup chromium $(ENGINE)
	cargo test --quiet --test packs --test agree the_questions_are_written_down_for_the_browser
	@$(ENV) npm run --silent test:browser

# The engine alone, without Cedar: what a page loads.
$(ENGINE): $(WORKER_SOURCES)
	@mkdir -p build
	tools/wasm.sh cargo rustc --crate-type cdylib --lib --profile edge --target wasm32-unknown-unknown \
	  --no-default-features --features browser
	@$(ENV) wasm-opt -Oz --converge --strip-debug --strip-producers --strip-target-features -o $@ \
	  $$(tools/wasm.sh sh -c 'echo $${CARGO_TARGET_DIR:-target}')/wasm32-unknown-unknown/edge/palisade.wasm

worker: setup $(WORKER) ## build/index.js and build/index_bg.wasm: the Worker, optimised

# worker-build keeps the names section, whatever it is told: an eighth of the compressed bytes, for debuggers only.
$(WORKER): $(WORKER_SOURCES)
	tools/wasm.sh worker-build $(EDGE)
	@$(ENV) wasm-opt $@ --strip-debug -o $@

bench: worker ## speed beside Cedar's own authorizer, and the size of the Worker
	cargo bench --bench decide
	@$(ENV) node tools/size.mjs

bench-edge: worker palisade ## speed of the Worker on workerd, beside one that only forwards
	@$(ENV) node tests/bench/edge.mjs

licences: setup ## fails where a dependency's licence does not allow what Apache-2.0 needs, or THIRD_PARTY.md is stale
	@$(ENV) node tools/licences.mjs --check

setup: ## installs what is missing; quick when nothing is
	@tools/setup.sh

chromium:
	@tools/setup.sh browser

clean: ## forgets what was built here; the tools stay
	rm -rf build target .wrangler
