#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The README's ten minutes, run as written: its diagram, its routes, its rows, its commands.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/target/debug:$PATH"
readme=$PWD/README.md
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The N-th block of a language, between the two comments that mark what is run.
block() {
  awk -v language="$1" -v wanted="$2" '
    /^<!-- tests\/readme.sh/ { on = 1 } /^<!-- the end/ { on = 0 }
    inside && /^```$/ { inside = 0 }
    inside { print }
    on && $0 == "```" language { if (++count == wanted) inside = 1 }
  ' "$readme"
}
expect() { # expect STATUS WORD: the last command's status and what its output must hold
  [ "$status" = "$1" ] && grep -qF -- "$2" <<<"$output" && return
  printf 'readme: expected status %s and `%s`, got status %s:\n%s\n' "$1" "$2" "$status" "$output" >&2
  exit 1
}
run() { status=0; output=$(bash -c "$1" 2>&1) || status=$?; }

block mermaid 1 >clinic.mmd
run "$(block sh 1)"
expect 0 'in order'
block toml 1 >clinic/routes.toml
block toml 2 >>clinic/model.toml
block sql 1 >clinic/sample.sql
run 'palisade check clinic'
expect 0 'in order'
commands=$(block sh 2)
run "$(sed -n 1p <<<"$commands")"
expect 0 'rows in'
run "$(sed -n 2p <<<"$commands")"
expect 0 'STAFF_ROLE/1,1'
run "$(sed -n 3p <<<"$commands")"
expect 1 'nearest grants'
run 'palisade route clinic GET /charts/10'
expect 0 'Chart::"10"'
echo 'readme: every step does what it says'
