#!/usr/bin/env bash
# Runs every fuzz target for some seconds on its corpus: tools/fuzz.sh [SECONDS]
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"

seconds="${1:-60}"
"$root/tools/build.sh" asan fuzz_targets
mkdir -p build/fuzzing/findings
for target in build/asan/fuzz/*_fuzz; do
  name=$(basename "$target" _fuzz)
  step "fuzzing $name for $seconds s"
  work="build/fuzzing/corpus/$name"
  mkdir -p "$work"
  "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 -max_len=65536 \
    -artifact_prefix="build/fuzzing/findings/$name-" "$work" "fuzz/corpus/$name" 2>&1 | grep -E 'number_of_executed|ERROR|SUMMARY' ||
    fail "$name found something" "see build/fuzzing/findings; add the input to fuzz/corpus/$name with the fix"
  if ls build/fuzzing/findings/"$name"-* >/dev/null 2>&1; then
    fail "$name found something" "see build/fuzzing/findings; add the input to fuzz/corpus/$name with the fix"
  fi
done
