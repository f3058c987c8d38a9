#!/usr/bin/env bash
# Formats the C++ sources in place.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
cd "$root"
"$root/tools/deps.sh" lint
git ls-files '*.h' '*.cc' | xargs clang-format-19 -i
