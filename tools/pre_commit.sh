#!/usr/bin/env bash
# What is quick to check before a commit; the rest is `make lint`.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"
changed=$(git diff --cached --name-only --diff-filter=ACM | grep -E '\.(h|cc)$' || true)
if [ -n "$changed" ]; then echo "$changed" | xargs clang-format-19 --dry-run -Werror; fi
python3 tools/check_layers.py
python3 tools/function_meter.py >/dev/null
