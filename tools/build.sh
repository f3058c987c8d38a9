#!/usr/bin/env bash
# Configures and builds a preset: tools/build.sh [release|debug|asan|tsan] [TARGET]
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"

preset="${1:-release}"
target="${2:-all}"
need_disk 2000
"$root/tools/deps.sh" build
if [ "$preset" != release ] || [ "${WITH_TESTS:-no}" = yes ]; then "$root/tools/deps.sh" test; fi
"$root/tools/engine.sh"
# Objects may come from another checkout of the same files.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=true CCACHE_SLOPPINESS=pch_defines,time_macros
step "building '$preset'"
cd "$root"
options=()
# Tests are built when everything they need is here.
if [ -z "$("$root/tools/deps.sh" --dry-run test 2>&1)" ]; then options+=(-DMODELYARD_TESTS=ON); else options+=(-DMODELYARD_TESTS=OFF); fi
cmake --preset "$preset" "${options[@]}" >"build/configure-$preset.log" 2>&1 ||
  { tail -20 "build/configure-$preset.log" >&2; fail "cmake could not configure '$preset'" "read build/configure-$preset.log"; }
cmake --build "build/$preset" --target "$target" -j "$(jobs)"
if [ "$preset" = release ]; then note "build/release/bin/modelyard"; fi
