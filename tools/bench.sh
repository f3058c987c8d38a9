#!/usr/bin/env bash
# Measures the server beside the engine alone, echo servers and peers, interleaved, on this machine: tools/bench.sh --help
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"
"$root/tools/deps.sh" bench
"$root/tools/python_env.sh" test
"$root/tools/python_env.sh" plots
"$root/tools/build.sh" release
step "building what is measured beside the server"
cmake -S . -B build/release -DMODELYARD_BENCHMARKS=ON >build/configure-benchmarks.log 2>&1 ||
  { tail -20 build/configure-benchmarks.log >&2; fail "cmake could not configure the benchmarks" "read build/configure-benchmarks.log"; }
cmake --build build/release --target modelyard_benchmarks -j "$(jobs)"
if [ $# = 0 ]; then
  step "what one value costs a sketch"
  build/release/bin/modelyard_bench_sketches
  step "what a decision record costs"
  build/release/bin/modelyard_bench_journal
  step "what it costs to find the version of a request"
  build/release/bin/modelyard_bench_assignment
fi
exec build/venv/test/bin/python -m benchmarks "$@"
