# shellcheck shell=bash
# Shared helpers of the scripts in this folder. It is sourced, never run; it works with bash 3.2 too.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DEPS=$ROOT/.deps
SELF=$(basename "$0")

# The one build folder that the Makefile, the demo and the tests share.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/quantlake/target}

# say MESSAGE...: a progress line on stderr.
say() { printf '%s: %s\n' "$SELF" "$*" >&2; }

# die MESSAGE...: an error on stderr, then exit 1.
die() {
  printf '%s: error: %s\n' "$SELF" "$*" >&2
  exit 1
}

# has COMMAND: whether it can be run.
has() { command -v "$1" >/dev/null 2>&1; }

# need COMMAND DEBIAN-PACKAGE: stops with the name of the package when the command is missing.
need() { has "$1" || die "'$1' is missing; on Debian: apt-get install $2"; }

# need_pip: python3 with pip.
need_pip() {
  need python3 python3
  python3 -m pip --version >/dev/null 2>&1 \
    || die "pip is missing ('python3 -m pip' does not run); on Debian: apt-get install python3-pip"
}

# sha256 FILE: its SHA-256 in hex. python3 does it, because macOS has no sha256sum of its own.
sha256() {
  python3 - "$1" <<'PY'
import hashlib, sys

digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while chunk := file.read(1 << 20):
        digest.update(chunk)
print(digest.hexdigest())
PY
}

# verify FILE SHA256: stops when the file is not the pinned one.
verify() {
  local found
  found=$(sha256 "$1")
  [ "$found" = "$2" ] || die "checksum mismatch, nothing was installed
  file:     $(basename "$1")
  expected: $2
  found:    $found"
}

# unpack ARCHIVE MEMBER TARGET: copies one file out of a .tgz, .whl or .zip.
unpack() {
  python3 - "$1" "$2" "$3" <<'PY' || die "cannot unpack $2 from $(basename "$1")"
import shutil, sys, tarfile, zipfile

archive, member, target = sys.argv[1:]
try:
    if archive.endswith((".tgz", ".tar.gz")):
        with tarfile.open(archive) as box:
            source = box.extractfile(member)
            with open(target, "wb") as out:
                shutil.copyfileobj(source, out)
    else:
        with zipfile.ZipFile(archive) as box, box.open(member) as source, open(target, "wb") as out:
            shutil.copyfileobj(source, out)
except (KeyError, OSError, AttributeError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
    sys.exit(f"{archive}: {error}")
PY
}

# fetch_wheel FOLDER SHA256 PIP-ARGUMENT...: downloads one wheel into an empty new folder, verifies
# it, and prints its path.
fetch_wheel() {
  local folder=$1 sum=$2 wheel
  shift 2
  mkdir "$folder"
  PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip download --quiet --no-deps --only-binary=:all: \
    --dest "$folder" "$@" >&2 || die "pip could not download ${*: -1}; see the lines above"
  wheel=$(find "$folder" -name '*.whl')
  [ -f "$wheel" ] || die "pip downloaded no single wheel for ${*: -1}"
  verify "$wheel" "$sum"
  printf '%s\n' "$wheel"
}

# stage: makes $STAGE, a folder under .deps (so that a later move is a rename), removed at exit.
stage() {
  mkdir -p "$DEPS"
  STAGE=$(mktemp -d "$DEPS/.tmp.XXXXXX")
  trap 'rm -rf "$STAGE"; rmdir "$DEPS" 2>/dev/null || true' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# stamped FOLDER TEXT: whether the folder's stamp says just TEXT.
stamped() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

# install_staged FOLDER TEXT: moves everything in $STAGE/out into FOLDER, each file by one rename,
# and then stamps it with TEXT.
install_staged() {
  local file
  mkdir -p "$1"
  rm -f "$1/.stamp"
  for file in "$STAGE"/out/*; do
    mv -f "$file" "$1/"
  done
  printf '%s\n' "$2" >"$STAGE/stamp"
  mv -f "$STAGE/stamp" "$1/.stamp"
}

# use_ort: points the crate ort at the library in .deps/lib, unless ORT_DYLIB_PATH says otherwise.
use_ort() {
  local lib
  for lib in "$DEPS"/lib/libonnxruntime.so "$DEPS"/lib/libonnxruntime.dylib; do
    if [ -e "$lib" ]; then
      export ORT_DYLIB_PATH=${ORT_DYLIB_PATH:-$lib}
    fi
  done
}
