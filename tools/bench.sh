#!/usr/bin/env bash
# Measures the server against the raw engine, interleaved, on this machine.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"
"$root/tools/python_env.sh" test
"$root/tools/build.sh" release
exec build/venv/test/bin/python benchmarks/run.py "$@"
