#!/usr/bin/env bash
# Runs everything and ends with a line that counts the tests: tools/test.sh [--quick]
# Unit tests run under sanitizers. --quick leaves out sanitizers and fuzz targets, and runs them in the release build. RACES=yes adds the integration tests under TSan, some minutes.
set -uo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root" || exit 1

quick=no
if [ "${1:-}" = --quick ]; then quick=yes; fi
fuzz_seconds="${FUZZ_SECONDS:-5}"
results="$root/build/test-results"
failed_stages=()

stage() { # name, command…
  local name="$1"
  shift
  step "$name"
  if ! "$@"; then
    failed_stages+=("$name")
    printf '!!! %s failed\n' "$name"
  fi
}

unit_tests() { # preset, labels
  ctest --test-dir "build/$1" -L "$2" --output-on-failure -j 2 --output-junit "$results/ctest-$1.xml"
}
integration_tests() { # preset
  BINARY_UNDER_TEST="$root/build/$1/bin/modelyard" build/venv/test/bin/pytest -q -x --no-header -p no:cacheprovider \
    --junitxml="$results/pytest-$1.xml" --timeout=300 tests/integration
}
tool_tests() { build/venv/test/bin/pytest -q --no-header -p no:cacheprovider --junitxml="$results/pytest-tools.xml" tests/tools; }

need_disk 6000
rm -rf "$results"
mkdir -p "$results"
"$root/tools/deps.sh" build test lint || exit 1
"$root/tools/engine.sh" || exit 1
"$root/tools/parquet.sh" || exit 1
"$root/tools/python_env.sh" test || exit 1
"$root/tools/python_env.sh" parquet || exit 1
export WITH_TESTS=yes
# Suppressions and options of the sanitizers; a finding ends the test.
export ASAN_OPTIONS="detect_leaks=1:halt_on_error=1:detect_odr_violation=0"
export LSAN_OPTIONS="suppressions=$root/tools/sanitizers/leaks.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
export TSAN_OPTIONS="halt_on_error=1:suppressions=$root/tools/sanitizers/threads.supp"

if [ "$quick" = yes ]; then
  tools/build.sh release || fail "the release build failed"
  stage "unit tests" unit_tests release unit
else
  tools/build.sh release programs || fail "the release build failed"
fi
stage "tests of the tools" tool_tests
stage "layer check" python3 tools/check_layers.py
stage "integration tests" integration_tests release
if [ "$quick" = no ]; then
  tools/build.sh asan || fail "the ASan build failed"
  stage "unit tests under ASan and UBSan" unit_tests asan unit
  stage "integration tests under ASan and UBSan" integration_tests asan
  tools/build.sh tsan concurrent_tests || fail "the TSan build failed"
  stage "concurrent tests under TSan" unit_tests tsan concurrent
  if [ "${RACES:-no}" = yes ]; then
    tools/build.sh tsan || fail "the TSan build failed"
    stage "integration tests under TSan" integration_tests tsan
  fi
  stage "fuzz targets, $fuzz_seconds s each" tools/fuzz.sh "$fuzz_seconds"
fi

step "done"
python3 tools/count_tests.py "$results" || failed_stages+=("counting")
if [ ${#failed_stages[@]} -gt 0 ]; then
  printf 'failed: %s\n' "$(printf '%s; ' "${failed_stages[@]}")" >&2
  exit 1
fi
