#!/usr/bin/env bash
# Fetches the native libraries by pinned version and SHA-256: libduckdb and libonnxruntime into
# .deps/lib, or, with --gpu, ONNX Runtime's CUDA and TensorRT build into .deps/lib-gpu.
# A second run finds the stamp and does nothing. `--help` lists the options.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DUCKDB=1.5.6-r.1 # DuckDB 1.5.6, as the crates duckdb and libduckdb-sys 1.10506.1 want it
ORT=1.31.1
SUPPORTED='Linux x86-64, Linux arm64, macOS arm64'

usage() {
  cat <<HELP
usage: scripts/native-libs.sh [--gpu | --cargo-features]

  (no option)        fetch libduckdb and libonnxruntime into .deps/lib
  --gpu              fetch ONNX Runtime for CUDA and TensorRT into .deps/lib-gpu (Linux x86-64)
  --cargo-features   print what cargo needs on this platform, fetch nothing

platforms: $SUPPORTED
HELP
}

# The table: one platform an entry. Each SHA-256 is of the archive as downloaded.
# An empty duckdb_sum means that no archive of this version was there to be pinned when this was
# written: nothing unpinned is ever fetched, and cargo compiles the same DuckDB from source instead.
platform() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64')
      duckdb_package=@duckdb/node-bindings-linux-x64
      duckdb_sum=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
      duckdb_lib=libduckdb.so
      ort_tag=manylinux_2_28_x86_64
      ort_sum=5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f
      ort_lib=libonnxruntime.so.$ORT ort_link=libonnxruntime.so
      gpu_sum=e26c475fe361b2015f45b4b824bd13f0bb20204e59b62814e6f0acd5f3d491a6
      ;;
    'Linux aarch64' | 'Linux arm64')
      duckdb_package=@duckdb/node-bindings-linux-arm64
      duckdb_sum=
      duckdb_lib=libduckdb.so
      ort_tag=manylinux_2_28_aarch64
      ort_sum=da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3
      ort_lib=libonnxruntime.so.$ORT ort_link=libonnxruntime.so
      gpu_sum=
      ;;
    'Darwin arm64')
      duckdb_package=@duckdb/node-bindings-darwin-arm64
      duckdb_sum=
      duckdb_lib=libduckdb.dylib
      ort_tag=macosx_14_0_arm64
      ort_sum=60b6b69bfe580eab576cacc5d132a0e9cf2a37fcfd18d46dd191042b1d1ed0d7
      ort_lib=libonnxruntime.$ORT.dylib ort_link=libonnxruntime.dylib
      gpu_sum=
      ;;
    *) die "no native libraries for $(uname -s) $(uname -m); supported: $SUPPORTED" ;;
  esac
}

# fetch_duckdb: libduckdb into $STAGE/out.
fetch_duckdb() {
  need npm npm
  say "fetching libduckdb $DUCKDB (about 24 MB)"
  mkdir "$STAGE/npm"
  (cd "$STAGE/npm" && npm pack --loglevel=error --ignore-scripts "$duckdb_package@$DUCKDB") >/dev/null \
    || die "npm could not download $duckdb_package@$DUCKDB; see the lines above"
  local archive
  archive=$(find "$STAGE/npm" -name '*.tgz')
  [ -f "$archive" ] || die "npm downloaded no single archive for $duckdb_package@$DUCKDB"
  verify "$archive" "$duckdb_sum"
  unpack "$archive" "package/$duckdb_lib" "$STAGE/out/$duckdb_lib"
}

# fetch_ort PACKAGE SHA256 FILE...: files of ONNX Runtime's wheel into $STAGE/out.
fetch_ort() {
  local package=$1 sum=$2 wheel file
  shift 2
  # The wheel for CPython 3.11 is the pinned one, whichever Python runs here: only its C library
  # is used.
  wheel=$(fetch_wheel "$STAGE/wheel" "$sum" --platform "$ort_tag" --python-version 311 \
    --implementation cp "$package==$ORT")
  for file in "$@"; do
    unpack "$wheel" "onnxruntime/capi/$file" "$STAGE/out/$file"
  done
  ln -s "$ort_lib" "$STAGE/out/$ort_link"
}

# present FOLDER FILE...: whether all are there.
present() {
  local folder=$1 file
  shift
  for file in "$@"; do
    [ -s "$folder/$file" ] || return 1
  done
}

cpu() {
  local files=("$ort_lib" "$ort_link") stamp
  stamp="$ort_tag
onnxruntime $ORT $ort_sum"
  if [ -n "$duckdb_sum" ]; then
    files+=("$duckdb_lib")
    stamp="$stamp
duckdb $DUCKDB $duckdb_sum"
  fi
  if stamped "$DEPS/lib" "$stamp" && present "$DEPS/lib" "${files[@]}"; then
    return
  fi
  need_pip
  if [ -n "$duckdb_sum" ]; then
    need npm npm
  fi
  stage
  mkdir "$STAGE/out"
  if [ -n "$duckdb_sum" ]; then
    fetch_duckdb
  else
    say "no prebuilt libduckdb $DUCKDB is pinned for $(uname -s) $(uname -m):" \
      "make compiles DuckDB from source (feature 'bundled', takes long)"
  fi
  say "fetching libonnxruntime $ORT (about 24 MB)"
  fetch_ort onnxruntime "$ort_sum" "$ort_lib"
  install_staged "$DEPS/lib" "$stamp"
  say "done: $DEPS/lib"
}

gpu() {
  [ -n "$gpu_sum" ] \
    || die "the GPU build of ONNX Runtime is for Linux x86-64 only, this is $(uname -s) $(uname -m)"
  local files=("$ort_lib" libonnxruntime_providers_shared.so libonnxruntime_providers_cuda.so
    libonnxruntime_providers_tensorrt.so) stamp
  stamp="$ort_tag
onnxruntime-gpu $ORT $gpu_sum"
  if stamped "$DEPS/lib-gpu" "$stamp" && present "$DEPS/lib-gpu" "${files[@]}" "$ort_link"; then
    return
  fi
  need_pip
  stage
  mkdir "$STAGE/out"
  say "fetching libonnxruntime $ORT for CUDA and TensorRT (about 256 MB)"
  fetch_ort onnxruntime-gpu "$gpu_sum" "${files[@]}"
  install_staged "$DEPS/lib-gpu" "$stamp"
  say "done: $DEPS/lib-gpu; use it with ORT_DYLIB_PATH=$DEPS/lib-gpu/$ort_lib"
  say "it needs the libraries of CUDA 13 and cuDNN 9 (for TensorRT also TensorRT 10) in the loader's path"
}

case "${1-}" in
  '' | --gpu | --cargo-features) ;;
  -h | --help)
    usage
    exit
    ;;
  *)
    usage >&2
    die "unknown option: $1"
    ;;
esac
[ $# -le 1 ] || die "one option at most"
platform
case "${1-}" in
  '') cpu ;;
  --gpu) gpu ;;
  --cargo-features) [ -n "$duckdb_sum" ] || echo '--features quantlake/bundled' ;;
esac
