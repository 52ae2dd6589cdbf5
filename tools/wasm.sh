#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command with a Rust that builds for wasm32-unknown-unknown:  tools/wasm.sh cargo build --target wasm32-unknown-unknown
# It is the Rust on PATH where that has the target; otherwise Debian's, which tools/setup.sh made ready.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/env.sh

if [ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; then
  if [ ! -x "$PALISADE_TOOLS/debian/bin/rustc" ]; then
    echo "wasm: no Rust here builds for wasm32-unknown-unknown; run tools/setup.sh" >&2
    exit 1
  fi
  # A folder of its own, so that two compilers do not undo each other's work.
  export PATH="$PALISADE_TOOLS/debian/bin:$PATH" CARGO_TARGET_DIR="$PWD/target/debian"
  # clippy comes with a compiler, and this one came without.
  if [ "${1-} ${2-}" = "cargo clippy" ]; then
    echo "wasm: no clippy for Debian's Rust; checking only" >&2
    set -- cargo check "${@:3}"
    while [ "${*: -1}" != -- ]; do set -- "${@:1:$#-1}"; done
    set -- "${@:1:$#-1}"
  fi
fi
# worker-build calls cargo; this one leaves the rlib out.
if [ "${1-}" = worker-build ]; then export PATH="$PWD/tools/cdylib:$PATH"; fi
exec "$@"
