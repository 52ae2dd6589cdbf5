#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command with a Rust that builds for wasm32-unknown-unknown:  tools/wasm.sh cargo build --target wasm32-unknown-unknown
# It is the Rust on PATH where that has the target; otherwise Debian's, which builds the standard library from source.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/env.sh

target=wasm32-unknown-unknown
if [ ! -d "$(rustc --print target-libdir --target $target 2>/dev/null)" ]; then
  if [ ! -x /usr/bin/cargo ]; then
    echo "wasm: no Rust here builds for $target; run tools/setup.sh" >&2
    exit 1
  fi
  # rustup's cargo would come first on PATH. Building std needs a nightly option, which Debian's stable compiler
  # grants on this condition. A folder of its own, so that two compilers do not undo each other's work.
  export PATH="/usr/bin:$PATH" RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort
  export CARGO_TARGET_DIR="$PWD/target/debian"
  # Debian's compiler has no clippy of its own version.
  if [ "${1-} ${2-}" = "cargo clippy" ]; then
    set -- cargo check "${@:3}"
    for last; do shift; [ "$last" = -- ] && break; set -- "$@" "$last"; done
  fi
fi
exec "$@"
