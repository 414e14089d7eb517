#!/usr/bin/env bash
# Fetches .deps/test-data/GOOG.csv, the daily prices that a golden test compares backtests on.
# They come out of the package backtesting, pinned by version and SHA-256. That package is under the
# AGPL, so its data does not ship with this project. A second run does nothing.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSION=0.6.6
SUM=d2fc29ab6e10fbf44b05570720cef144d6d0d2ec8e183977114f2be9c5089b78
data=$DEPS/test-data
stamp="backtesting $VERSION $SUM"

if stamped "$data" "$stamp" && [ -s "$data/GOOG.csv" ]; then
  exit
fi
need_pip
stage
mkdir "$STAGE/out"
say "fetching GOOG.csv"
wheel=$(fetch_wheel "$STAGE/wheel" "$SUM" "backtesting==$VERSION")
unpack "$wheel" backtesting/test/GOOG.csv "$STAGE/out/GOOG.csv"
install_staged "$data" "$stamp"
say "done: $data/GOOG.csv"
