#!/usr/bin/env bash
# Brings ONNX Runtime, library and C header, to build/engine, pinned by hash. A system-wide installation is looked
# for first. MODELYARD_ENGINE_DIR names another folder.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"

version=1.32.0
wheel_sha256=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
header_sha256=14f7d959d5deacbcf1504830d4189f91fc67382b399ed9ae9d3aa9c4050ced08 # of the Debian package
engine="${MODELYARD_ENGINE_DIR:-$root/build/engine}"

have_library() {
  [ -e "$engine/lib/libonnxruntime.so.1" ] || ldconfig -p 2>/dev/null | grep -q 'libonnxruntime\.so\.1 '
}
have_header() {
  [ -e "$engine/include/onnxruntime_c_api.h" ] && return 0
  local folder
  for folder in /usr/include /usr/local/include; do
    [ -e "$folder/onnxruntime/onnxruntime_c_api.h" ] && return 0
    [ -e "$folder/onnxruntime/core/session/onnxruntime_c_api.h" ] && return 0
  done
  return 1
}

fetch_library() {
  step "fetching ONNX Runtime $version (28 MB)"
  local work
  work=$(mktemp -d)
  printf 'onnxruntime==%s --hash=sha256:%s\n' "$version" "$wheel_sha256" >"$work/engine.txt"
  /usr/bin/env python3 -m pip download -q --no-deps --only-binary=:all: --require-hashes --python-version 3.11 \
    --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 -d "$work" -r "$work/engine.txt" ||
    fail "ONNX Runtime could not be fetched" "check the network, or install libonnxruntime of your distribution"
  mkdir -p "$engine/lib"
  unzip -o -j -q "$work"/onnxruntime-*.whl 'onnxruntime/capi/libonnxruntime.so.*' onnxruntime/LICENSE \
    onnxruntime/ThirdPartyNotices.txt -d "$engine/lib"
  ln -sf "libonnxruntime.so.$version" "$engine/lib/libonnxruntime.so.1"
  rm -rf "$work"
}

# The header is not in the wheel. It comes from the package of the next Debian, by a private, signed list.
fetch_header() {
  step "fetching the header of ONNX Runtime (85 kB)"
  local work mirror
  work=$(mktemp -d)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -q . || as_root apt-get update -qq
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
  [ -n "$mirror" ] || fail "no Debian mirror is configured" "install the package libonnxruntime-dev of your distribution"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/list"
  local options=(-o "Dir::Etc::SourceList=$work/list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  (cd "$work" && apt-get "${options[@]}" update -qq && apt-get "${options[@]}" download -qq libonnxruntime-dev) ||
    fail "the header could not be fetched" "check the network, or install libonnxruntime-dev of your distribution"
  echo "$header_sha256  $(echo "$work"/libonnxruntime-dev_*.deb)" | sha256sum -c --quiet ||
    fail "the header's package has another hash than expected" "report it: the distribution has changed the package"
  dpkg-deb -x "$work"/libonnxruntime-dev_*.deb "$work/x"
  mkdir -p "$engine/include"
  cp "$work/x/usr/include/onnxruntime/onnxruntime_c_api.h" "$engine/include/"
  rm -rf "$work"
}

have_library || fetch_library
have_header || fetch_header
