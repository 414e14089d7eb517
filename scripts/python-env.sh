#!/usr/bin/env bash
# Makes .deps/venv, the Python environment of the client tests, from tests/clients/requirements.txt.
# Stamped by that file's SHA-256 and the Python version: a second run does nothing.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

requirements=$ROOT/tests/clients/requirements.txt
venv=$DEPS/venv

[ -f "$requirements" ] || die "$requirements is missing"
need python3 python3
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
  || die "the client tests need Python 3.10 or newer, this is $(python3 --version)"
stamp="$(sha256 "$requirements") $(python3 --version)"
if stamped "$venv" "$stamp" && "$venv/bin/python" -c '' 2>/dev/null; then
  exit
fi

python3 -c 'import venv, ensurepip' 2>/dev/null \
  || die "python3 cannot make virtual environments; on Debian: apt-get install python3-venv"
trap '[ -f "$venv/.stamp" ] || rm -rf "$venv"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
say "making $venv"
rm -rf "$venv"
mkdir -p "$DEPS"
python3 -m venv "$venv" || die "python3 -m venv failed; on Debian: apt-get install python3-venv"
PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet --only-binary=:all: \
  --requirement "$requirements" >&2 \
  || die "pip could not install tests/clients/requirements.txt; see the lines above"
printf '%s\n' "$stamp" >"$venv/.stamp"
say "done: $venv"
