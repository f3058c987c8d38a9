#!/usr/bin/env bash
# Installs the pre-commit check.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"
ln -sf ../../tools/pre_commit.sh "$root/.git/hooks/pre-commit"
note "installed .git/hooks/pre-commit"
