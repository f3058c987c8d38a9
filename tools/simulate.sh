#!/usr/bin/env bash
# Simulates weeks of monitors on a virtual clock, and experiments that are looked at while they run, and puts what came of
# it into docs/monitoring.md and docs/statistics.md, with a plot; takes some minutes: tools/simulate.sh [quiet | faults | validity | power | alarms | rollback]
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"
tables=(quiet faults validity power alarms rollback)
if [ $# -gt 0 ]; then tables=("$@"); fi

"$root/tools/deps.sh" build
"$root/tools/engine.sh"
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=true CCACHE_SLOPPINESS=pch_defines,time_macros
step "building the simulation"
mkdir -p build
cmake --preset release >build/configure-release.log 2>&1 ||
  { tail -20 build/configure-release.log >&2; fail "cmake could not configure 'release'" "read build/configure-release.log"; }
cmake --build build/release --target modelyard_simulate_monitors modelyard_simulate_sequential modelyard_simulate_gates -j "$(jobs)"

for table in "${tables[@]}"; do
  step "simulating: $table"
  case "$table" in
    quiet | faults) page=docs/monitoring.md simulator=modelyard_simulate_monitors ;;
    validity | power) page=docs/statistics.md simulator=modelyard_simulate_sequential ;;
    alarms | rollback) page=docs/statistics.md simulator=modelyard_simulate_gates ;;
    *) fail "there is no table '$table'" "name quiet, faults, validity, power, alarms or rollback" ;;
  esac
  "build/release/bin/$simulator" "$table" | tee "build/simulation-$table.md"
  grep -q "<!-- simulate $table -->" "$page" || fail "$page has no marker for '$table'" "put '<!-- simulate $table -->' and '<!-- end -->' there"
  awk -v begin="<!-- simulate $table -->" -v table="build/simulation-$table.md" '
    $0 == begin { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1 }
    inside && $0 == "<!-- end -->" { inside = 0 }
    !inside && $0 != begin { print }' "$page" >build/simulated-page.md
  mv build/simulated-page.md "$page"
done
step "docs/monitoring.md, docs/statistics.md and its plot"
"$root/tools/python_env.sh" plots
build/venv/plots/bin/python tools/plot_statistics.py docs/statistics.md docs/statistics.svg
git --no-pager diff --stat -- docs/monitoring.md docs/statistics.md docs/statistics.svg
