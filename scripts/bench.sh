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
cargo bench --locked -- "$@"
cargo build --release --locked --bin quantlake
binary=$CARGO_TARGET_DIR/release/quantlake
for comparison in side_by_side windows backtests; do
  "$venv/bin/python" "benches/$comparison.py" --binary "$binary"
done
