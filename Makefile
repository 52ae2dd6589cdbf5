# SPDX-License-Identifier: Apache-2.0
# The commands of this repository. `make help` lists them.

SHELL := bash
ENV := . tools/env.sh &&
EDGE := --profile edge --no-default-features --features edge

# The gate, and Cedar's authorizer beside it (src/verifier.rs).
WORKER := build/index_bg.wasm
VERIFIER := build/verifier.wasm
# The engine alone, as a page loads it.
ENGINE := build/engine.wasm
# The playground's: Cedar, the compiler and the engine in one, with the JavaScript that wasm-bindgen makes for it.
WORKBENCH := build/workbench_bg.wasm
# The playground's page, as files that any host can serve.
PLAYGROUND := build/playground/index.html
PLAYGROUND_SOURCES := package-lock.json $(shell find www policies -type f -not -name README.md)
# What they are made of. Tests and documentation are not.
WORKER_SOURCES := Cargo.toml Cargo.lock $(shell find src -name '*.rs' -o -name '*.sql' -o -name '*.html')

PALISADE := target/debug/palisade

.PHONY: help run palisade test bench bench-edge worker check fmt lint types native edge licences setup chromium oha browser engine package workbench playground clean
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: worker palisade package playground ## the gate and the playground on :8787, a sample origin on :8788, an example page on :8789; PACK=NAME for another pack
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
	@# Nothing, and each face that is a WebAssembly module: none may need what only another one has.
	for features in "" edge browser verifier workbench; do tools/wasm.sh cargo clippy --lib --no-default-features --features "$$features" \
		--target wasm32-unknown-unknown -- -D warnings || exit 1; done

types: setup
	@$(ENV) npm run --silent types

native:
	cargo test
	tests/readme.sh

edge: chromium worker palisade package playground
	cargo test --quiet --test store the_cases_are_written_down_for_d1
	@$(ENV) npm run --silent test:edge

workbench: setup $(WORKBENCH) ## build/workbench.js and build/workbench_bg.wasm: all of it with Cedar, for the playground

playground: setup $(PLAYGROUND) ## build/playground: the playground's page, for any host that serves files

$(PLAYGROUND): $(PLAYGROUND_SOURCES) $(WORKBENCH)
	@$(ENV) vite build --config www/vite.config.js --logLevel warn
	@touch $@

engine: setup $(ENGINE) ## build/engine.wasm: the engine without Cedar, as a page loads it

browser: setup chromium package workbench playground palisade
	cargo test --quiet --test packs --test agree --test page for_the_browser
	@$(ENV) npm run --silent test:browser
	@$(ENV) npm run --silent test:pkg
	@$(ENV) npm run --silent test:playground
	@$(ENV) node tools/size.mjs

package: engine ## pkg/, complete: the npm package for pages
	@cp $(ENGINE) pkg/palisade.wasm
	@cp LICENSE pkg/LICENSE

worker: setup $(WORKER) $(VERIFIER) ## build/index.js, build/index_bg.wasm and build/verifier.wasm: the Worker, optimised

# Among the passes there is no `--traps-never-happen`: a gate that panics must trap, and not go on.
WASM_OPT := wasm-opt -Oz --converge --strip-debug --strip-producers
# What workerd reads; nothing newer is written.
WORKERD := --enable-mutable-globals --enable-sign-ext --enable-nontrapping-float-to-int --enable-bulk-memory \
	--enable-multivalue --enable-reference-types --enable-exception-handling

# worker-build keeps the names section, whatever it is told: an eighth of the compressed bytes, for debuggers only.
$(WORKER): $(WORKER_SOURCES)
	tools/wasm.sh worker-build $(EDGE)
	@$(ENV) $(WASM_OPT) $(WORKERD) $@ -o $@

# Each in a folder of its own: Cargo gives the library one file name whatever its features are, and would take one module
# for another.
LIBRARY = tools/wasm.sh cargo rustc --lib --crate-type cdylib --target wasm32-unknown-unknown --target-dir target/$(1) \
	--profile edge --no-default-features --features $(1)

$(VERIFIER): $(WORKER_SOURCES)
	@mkdir -p $(@D)
	$(call LIBRARY,verifier)
	@$(ENV) $(WASM_OPT) $(WORKERD) target/verifier/wasm32-unknown-unknown/edge/palisade.wasm -o $@

$(ENGINE): $(WORKER_SOURCES)
	@mkdir -p $(@D)
	$(call LIBRARY,browser)
	@$(ENV) $(WASM_OPT) --strip-target-features target/browser/wasm32-unknown-unknown/edge/palisade.wasm -o $@

$(WORKBENCH): $(WORKER_SOURCES)
	@mkdir -p $(@D)
	$(call LIBRARY,workbench)
	@$(ENV) wasm-bindgen --target web --out-dir $(@D) --out-name workbench \
		target/workbench/wasm32-unknown-unknown/edge/palisade.wasm
	@# Once: to repeat it until nothing changes takes minutes for a hundredth of the size.
	@$(ENV) $(filter-out --converge,$(WASM_OPT)) $(WORKERD) $@ -o $@

# Fewer rules and shorter: make bench QUICK=1
bench: worker browser ## everything that is measured beside others, in one run; one table at the end
	cargo bench --bench prepare
	@$(ENV) npm ci --silent --no-fund --no-audit --prefix tests/bench/peers
	@$(ENV) node tests/bench/peers/workloads.mjs $(if $(QUICK),--quick)
	cargo bench --bench engine $(if $(QUICK),-- --quick)
	@$(ENV) node tests/bench/peers/peers.mjs $(if $(QUICK),--quick)
	@$(ENV) node tools/size.mjs
	@$(ENV) node tests/bench/engine.mjs
	@$(ENV) node tests/bench/page.mjs
	@$(ENV) node tests/bench/peers/table.mjs

bench-edge: oha worker palisade ## speed of the Worker on workerd, beside one that only forwards
	@$(ENV) node tests/bench/edge.mjs

licences: setup ## fails where a dependency's licence does not allow what Apache-2.0 needs, or THIRD_PARTY.md is stale
	@$(ENV) node tools/licences.mjs --check

setup: ## installs what is missing; quick when nothing is
	@tools/setup.sh

chromium:
	@tools/setup.sh browser

oha:
	@tools/setup.sh bench

clean: ## forgets what was built here; the tools stay
	rm -rf build target .wrangler
