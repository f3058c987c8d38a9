#!/usr/bin/env bash
# Checks what machines can check: format, layers, lengths, scripts, words that must not be there, second compiler.
set -uo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root" || exit 1

failed=()
check() { # name, command…
  local name="$1"
  shift
  step "$name"
  if ! "$@"; then failed+=("$name"); fi
}
format_is_clean() { git ls-files '*.h' '*.cc' | xargs clang-format-19 --dry-run -Werror; }
scripts_are_clean() { git ls-files '*.sh' .ci/run | xargs shellcheck -x -e SC1091,SC2016,SC2034,SC2154; }
python_compiles() { git ls-files '*.py' | xargs python3 -m py_compile; }
tests_do_not_sleep() {
  ! git grep -nE 'sleep_for|sleep_until|usleep\(|[^a-z_]sleep\(|time\.sleep' -- 'src/**/*_test.cc' 'tests/**/*.py'
}
no_machine_paths() { ! git grep -nE '/root/|/home/[a-z]|deb\.debian\.org|pypi\.org|registry\.npmjs' -- . ':!tools/lint.sh' ':!LICENSE'; }
# The sanitizers' build, which the tests need anyway.
second_compiler() { WITH_TESTS=yes "$root/tools/build.sh" asan | tail -5; }

"$root/tools/deps.sh" build lint || exit 1
check "format" format_is_clean
check "layers" python3 tools/check_layers.py
check "function lengths" python3 tools/function_meter.py
check "shell scripts" scripts_are_clean
check "python" python_compiles
check "tests do not sleep" tests_do_not_sleep
check "no paths or hosts of a machine" no_machine_paths
if [ "${LINT_SECOND_COMPILER:-yes}" = yes ]; then check "clang 19 with thread-safety analysis" second_compiler; fi
if [ ${#failed[@]} -gt 0 ]; then fail "lint: $(printf '%s; ' "${failed[@]}")"; fi
step "lint is clean"
