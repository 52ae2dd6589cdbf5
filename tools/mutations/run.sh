#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Breaks one rule of compilation at a time, in a copy, and asks whether some test of the packs notices; where none does,
# whether the naive judge of tests/oracle does. The packs are asked through slices, and a slice leaves out most of what a
# broken rule would let in.
#   tools/mutations/run.sh            all of tools/mutations/list.txt
#   tools/mutations/run.sh NAME…      only these
# Exit status 0: every mutation was noticed.
set -euo pipefail
cd "$(dirname "$0")/../.."

list=tools/mutations/list.txt
# Kept between runs, so that only this crate is built again.
scratch=${MUTATIONS_DIR:-target/mutations}
mkdir -p "$scratch/target/debug/deps"
rm -rf "$scratch/tree"
mkdir "$scratch/tree"
cp -r src policies tests Cargo.toml Cargo.lock "$scratch/tree"
[ ! -d .cargo ] || cp -r .cargo "$scratch/tree"
# Benches and the other tests stay behind, and no mutation needs the Worker's library.
sed -i -e '/^\[\[\(test\|bench\)\]\]/,/^$/d' -e 's/^crate-type = .*/crate-type = ["rlib"]/' "$scratch/tree/Cargo.toml"
printf '\n[[test]]\nname = "oracle"\npath = "tests/oracle/main.rs"\n' >>"$scratch/tree/Cargo.toml"
cp "$list" "$scratch/list"
if [ ! -e "$scratch/target/copied" ] && [ -d target/debug/.fingerprint ]; then
    cp -a target/debug/.fingerprint target/debug/build "$scratch/target/debug/"
    find target/debug/deps \( -name '*.rlib' -o -name '*.rmeta' -o -name '*.so' -o -name '*.d' \) \
        ! -name '*palisade*' -exec cp -p {} "$scratch/target/debug/deps/" \;
    touch "$scratch/target/copied"
fi
scratch=$(cd "$scratch" && pwd)
cd "$scratch/tree"

build() { CARGO_TARGET_DIR="$scratch/target" cargo build --quiet --bin palisade 2>"$scratch/build.log"; }
judge() { "$scratch/target/debug/palisade" test policies/*/ >"$scratch/test.log" 2>&1; }

oracle() { CARGO_TARGET_DIR="$scratch/target" cargo test --quiet --test oracle -- naive cases >"$scratch/test.log" 2>&1; }

build || { cat "$scratch/build.log"; echo "the sound source does not build"; exit 2; }
judge || { cat "$scratch/test.log"; echo "the tests fail without any mutation"; exit 2; }

bad=0
printf '%-42s %-9s %s\n' mutation outcome 'by'
while IFS='|' read -r name file change; do
    case $name in ''|'#'*) continue ;; esac
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    cp "$file" "$scratch/kept"
    perl -0pi -e "$change" "$file"
    noticed=''
    if cmp -s "$file" "$scratch/kept"; then
        outcome=STALE bad=1       # the source has moved on: write the change anew
    elif ! build; then
        outcome=BROKEN bad=1      # a mutation must compile, or it says nothing about the tests
    elif ! judge; then
        outcome=noticed noticed="$(grep -c '^FAIL' "$scratch/test.log" || true) of the packs"
    elif ! oracle; then
        outcome=noticed noticed='the naive judge'
    else
        outcome=SURVIVED bad=1
    fi
    printf '%-42s %-9s %s\n' "$name" "$outcome" "$noticed"
    cp "$scratch/kept" "$file"
done <"$scratch/list"
exit "$bad"
