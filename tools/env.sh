# SPDX-License-Identifier: Apache-2.0
# Where the tools are. Sourced from the repository's root by the Makefile and by the other scripts here.

# Built once a machine, shared by every checkout.
export PALISADE_TOOLS="${PALISADE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/palisade}"
# First, so that `node` is the one that package.json pins: wrangler needs a newer one than many systems have.
export PATH="$PWD/node_modules/.bin:$PALISADE_TOOLS/bin:$PATH"

# worker-build downloads each tool that it is not pointed to.
export WASM_BINDGEN_BIN=wasm-bindgen WASM_OPT_BIN=wasm-opt ESBUILD_BIN=esbuild

# wrangler: no statistics, no look-up of this machine's place, nothing written outside this folder, no questions.
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false XDG_CONFIG_HOME="$PWD/.wrangler/config" CI=1
