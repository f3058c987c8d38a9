#!/usr/bin/env bash
# From a bare machine to a served prediction. With CI=true or --ci the server is stopped at the end.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"

need_disk 3000
"$root/tools/build.sh" release modelyard
"$root/tools/python_env.sh" demo
step "running the demo"
exec build/venv/demo/bin/python examples/demo/demo.py "$@"
