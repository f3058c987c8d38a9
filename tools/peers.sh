#!/usr/bin/env bash
# Compares drift with what Evidently and NannyML say of the same rows, and writes the figures of docs/monitoring-peers.md.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"
need_disk 3000
"$root/tools/python_env.sh" test
"$root/tools/python_env.sh" peers-drift
"$root/tools/build.sh" release
step "comparing"
build/venv/test/bin/pytest -q --no-header -p no:cacheprovider tests/integration/test_drift_peers.py
step "writing docs/monitoring-peers.md"
build/venv/test/bin/python tests/peers/page.py
