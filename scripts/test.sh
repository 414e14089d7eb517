#!/usr/bin/env bash
# Everything that CI runs, in order, stopping at the first failure. The test runner is the last step,
# so that the last lines are its own summary.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
name=
begun=0

header() {
  name=$1
  begun=$SECONDS
  printf '\n==> %s\n' "$name" >&2
}

# step NAME COMMAND...: runs it under a header line, and says how long it took.
step() {
  header "$1"
  shift
  "$@"
  printf '==> %s: ok, %d s\n' "$name" $((SECONDS - begun)) >&2
}

# A command that fails ends the script (set -e); this says which step it was in.
finish() {
  local rc=$?
  [ "$rc" -eq 0 ] || printf '==> %s: FAILED (exit %d), %d s\n' "$name" "$rc" $((SECONDS - begun)) >&2
}
trap finish EXIT

tools() {
  local missing=0
  # lacks NAME HINT
  lacks() {
    say "missing: $1; $2"
    missing=1
  }
  has cargo || lacks cargo "install Rust with rustup"
  cargo fmt --version >/dev/null 2>&1 || lacks rustfmt "rustup component add rustfmt"
  cargo clippy --version >/dev/null 2>&1 || lacks clippy "rustup component add clippy"
  has cc || lacks "a C compiler (cc)" "on Debian: apt-get install build-essential"
  has npm || lacks npm "on Debian: apt-get install npm"
  has python3 || lacks python3 "on Debian: apt-get install python3"
  python3 -m pip --version >/dev/null 2>&1 || lacks pip "on Debian: apt-get install python3-pip"
  python3 -c 'import venv, ensurepip' >/dev/null 2>&1 \
    || lacks venv "on Debian: apt-get install python3-venv"
  [ "$missing" -eq 0 ] || die "install what is missing, then run it again"
  has psql || say "optional: psql is not installed, its tests are skipped;" \
    "on Debian: apt-get install postgresql-client"
  cargo nextest --version >/dev/null 2>&1 \
    || say "optional: cargo-nextest is not installed, 'cargo test' runs instead;" \
      "cargo install --locked cargo-nextest"
}

step 'tools' tools
step 'native libraries' scripts/native-libs.sh
step 'test data' scripts/test-data.sh
step 'python environment' scripts/python-env.sh

export QUANTLAKE_PYTHON=${QUANTLAKE_PYTHON:-$DEPS/venv/bin/python}
export QUANTLAKE_TEST_DATA=${QUANTLAKE_TEST_DATA:-$DEPS/test-data}
use_ort

step 'format' cargo fmt --all -- --check
step 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings

header 'tests'
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --locked
else
  # --tests leaves the documentation's examples out, as nextest does.
  cargo test --workspace --locked --tests
fi
