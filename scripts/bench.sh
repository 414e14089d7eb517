#!/usr/bin/env bash
# Runs the criterion benches and the side-by-side comparisons. It reports; it asserts nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

venv=.deps/bench-venv
if [ ! -x "$venv/bin/python" ] || ! cmp -s benches/requirements.txt "$venv/requirements.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --only-binary :all: -r benches/requirements.txt
  cp benches/requirements.txt "$venv/requirements.txt"
fi
# The dev profile is the one that demo and tests use: nothing is compiled twice for a bench.
cargo bench --profile dev --locked -- "$@"
"$venv/bin/python" benches/side_by_side.py --binary "$CARGO_TARGET_DIR/debug/quantlake"
"$venv/bin/python" benches/windows.py --binary "$CARGO_TARGET_DIR/debug/quantlake"
"$venv/bin/python" benches/backtests.py --binary "$CARGO_TARGET_DIR/debug/quantlake"
