#!/usr/bin/env bash
# Fetches the native libraries by pinned version and SHA-256: libduckdb and libonnxruntime into
# .deps/lib, or, with --gpu, ONNX Runtime's CUDA and TensorRT build into .deps/lib-gpu.
# A second run finds the stamp and does nothing. `--help` lists the options.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ORT=1.31.1
SUPPORTED='Linux x86-64, Linux arm64, macOS arm64'

usage() {
  cat <<HELP
usage: scripts/native-libs.sh [--gpu]

  (no option)        fetch libduckdb and libonnxruntime into .deps/lib
  --gpu              fetch ONNX Runtime for CUDA and TensorRT into .deps/lib-gpu (Linux x86-64)

platforms: $SUPPORTED
HELP
}

# The table: one platform an entry. Each SHA-256 is of the archive as downloaded.
# The crates duckdb and libduckdb-sys 1.10506.1 are made for DuckDB 1.5.6. For arm64 the newest
# prebuilt library is 1.5.5, which exports the same functions.
platform() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64')
      duckdb_package=@duckdb/node-bindings-linux-x64@1.5.6-r.1
      duckdb_sum=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
      duckdb_lib=libduckdb.so
      ort_tag=manylinux_2_28_x86_64
      ort_sum=5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f
      ort_lib=libonnxruntime.so.$ORT ort_link=libonnxruntime.so
      gpu_sum=e26c475fe361b2015f45b4b824bd13f0bb20204e59b62814e6f0acd5f3d491a6
      ;;
    'Linux aarch64' | 'Linux arm64')
      duckdb_package=@duckdb/node-bindings-linux-arm64@1.5.5-r.5
      duckdb_sum=3b85f3ea438f7dc3691d7b5e6e4222ffe9127fd17885f96ca72e0c99925c348e
      duckdb_lib=libduckdb.so
      ort_tag=manylinux_2_28_aarch64
      ort_sum=da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3
      ort_lib=libonnxruntime.so.$ORT ort_link=libonnxruntime.so
      gpu_sum=
      ;;
    'Darwin arm64')
      duckdb_package=@duckdb/node-bindings-darwin-arm64@1.5.5-r.5
      duckdb_sum=08b3cfd7d4d620a5fb67ef49db28551b767107266af3a8e2600e49d99ee59456
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
  say "fetching $duckdb_package (about 24 MB)"
  mkdir "$STAGE/npm"
  (cd "$STAGE/npm" && npm pack --loglevel=error --ignore-scripts "$duckdb_package") >/dev/null \
    || die "npm could not download $duckdb_package; see the lines above"
  local archive
  archive=$(find "$STAGE/npm" -name '*.tgz')
  [ -f "$archive" ] || die "npm downloaded no single archive for $duckdb_package"
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
  local files=("$ort_lib" "$ort_link" "$duckdb_lib") stamp
  stamp="$ort_tag
onnxruntime $ORT $ort_sum
duckdb $duckdb_package $duckdb_sum"
  if stamped "$DEPS/lib" "$stamp" && present "$DEPS/lib" "${files[@]}"; then
    return
  fi
  need_pip
  need npm npm
  stage
  mkdir "$STAGE/out"
  fetch_duckdb
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
  '' | --gpu) ;;
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
esac
