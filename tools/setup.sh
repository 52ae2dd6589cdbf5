#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Finds what building, running and testing need, and installs what is missing. Quick when nothing is.
#   tools/setup.sh            all but a browser
#   tools/setup.sh browser    a Chromium too, for the tests in a browser
#   tools/setup.sh bench      oha too, for measuring the Worker
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/env.sh

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The version of a crate as Cargo.lock has it.
locked() { awk -v crate="\"$1\"" '$1 == "name" { found = ($3 == crate) } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock; }

# --- Rust that builds for wasm32: rustup's, or Debian's with the library from source ---------------------------------
has_target() { [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; }
has_debian_rust() { [ -e "$PALISADE_TOOLS/debian/lib/rustlib/wasm32-unknown-unknown/ready" ]; }

# Debian ships the compiler's library for this target as source only. Built once, it becomes a system root of its own
# (the machine's own target linked beside it), and a `rustc` that uses it.
debian_rust() {
  local root="$PALISADE_TOOLS/debian" work="$PALISADE_TOOLS/debian-build" out
  say "installing Debian's Rust (rustc-web, cargo-web, rust-web-src, lld-22)"
  as_root apt-get install -y -qq rustc-web cargo-web rust-web-src lld-22 >/dev/null || return 1
  say "building its library for wasm32 into $root (a minute, once a machine)"
  rm -rf "$root" "$work"
  mkdir -p "$root/bin" "$root/lib/rustlib/wasm32-unknown-unknown/lib" "$work/src"
  ln -s /usr/lib/rustlib/* "$root/lib/rustlib/"
  printf '[package]\nname = "root"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$work/Cargo.toml"
  echo '#![no_std]' >"$work/src/lib.rs"
  # The option is a nightly one; a stable compiler grants it on this condition. Without bitcode, link-time optimisation fails.
  (cd "$work" && PATH="/usr/bin:$PATH" RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
    cargo build --quiet --release --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort) || return 1
  out="$root/lib/rustlib/wasm32-unknown-unknown"
  cp "$work"/target/wasm32-unknown-unknown/release/deps/*.rlib "$out/lib/"
  rm -f "$out"/lib/libroot-*.rlib
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$root" >"$root/bin/rustc"
  chmod +x "$root/bin/rustc"
  ln -s /usr/bin/cargo "$root/bin/cargo"
  rm -rf "$work"
  touch "$out/ready"
}

rust() {
  command -v cargo >/dev/null || die "cargo is not on PATH; install Rust 1.88 or later and run this again"
  if has_target || has_debian_rust; then return; fi
  if command -v rustup >/dev/null; then
    say "adding the target wasm32-unknown-unknown with rustup"
    # Bounded: where the download server cannot be reached, rustup tries for very long.
    if timeout 60 rustup target add wasm32-unknown-unknown && has_target; then return; fi
  fi
  if command -v apt-get >/dev/null; then
    if debian_rust; then return; fi
  fi
  die "no Rust for wasm32-unknown-unknown; run \`rustup target add wasm32-unknown-unknown\` where rustup has a network, then this again"
}

# --- Cargo tools: compiled once a machine ----------------------------------------------------------------------------
# cargo_tool CRATE COMMAND VERSION [OPTIONS]
cargo_tool() {
  local crate=$1 command=$2 version=$3
  shift 3
  case "$("$command" --version 2>/dev/null || true)" in *"$version") return ;; esac
  say "building $crate $version into $PALISADE_TOOLS (minutes, once a machine)"
  mkdir -p "$PALISADE_TOOLS"
  CARGO_TARGET_DIR="$PALISADE_TOOLS/target" cargo install --quiet "$crate" --version "$version" --root "$PALISADE_TOOLS" "$@" ||
    die "$crate $version did not build; see above, then run tools/setup.sh again (it continues where it stopped)"
}

# --- Node packages: as package-lock.json says ------------------------------------------------------------------------
node_packages() {
  if [ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then return; fi
  command -v npm >/dev/null || die "npm is not on PATH; install Node.js 20 or later and run this again"
  say "installing the Node packages of package-lock.json"
  npm ci --silent --no-fund || die "\`npm ci\` failed; run it by hand to see why"
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 12) ? 0 : 1)' ||
    die "node_modules/.bin/node is older than 22.12, which wrangler needs; allow npm to run install scripts and run this again"
}

# --- A browser, for those tests that ask for one ---------------------------------------------------------------------
browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then return; fi
  done
  command -v apt-get >/dev/null || die "no Chromium found; install one and run this again"
  say "installing Debian's chromium"
  # A machine that was just made knows of no package until it has asked.
  as_root apt-get install -y -qq chromium >/dev/null 2>&1 ||
    { as_root apt-get update -qq && as_root apt-get install -y -qq chromium >/dev/null; } ||
    die "chromium did not install; see above"
}

rust
cargo_tool worker-build worker-build 0.8.7 --locked
# The tool and the library must be of one version. Its own lock file is older than some of its fixes.
cargo_tool wasm-bindgen-cli wasm-bindgen "$(locked wasm-bindgen)"
node_packages
if [ "${1-}" = browser ]; then browser; fi
# What makes the load, for measuring. Its default features have TLS, which nothing here needs and it does not build without.
if [ "${1-}" = bench ]; then cargo_tool oha oha 1.16.0 --locked; fi
