#!/usr/bin/env bash
# Makes build/venv/NAME from the pinned and hashed requirements: tools/python_env.sh demo|test|parquet|plots|peers-drift
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"

name="${1:?demo, test, parquet, plots or peers-drift}"
requirements="$root/requirements/$name.txt"
folder="$root/build/venv/$name"
stamp="$folder/.requirements.sha256"
wanted=$(sha256sum "$requirements" | cut -d' ' -f1)
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

step "making the Python environment '$name'"
python=/usr/bin/python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || python=$(command -v python3.11 || command -v python3)
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed" "install python3.11"
rm -rf "$folder"
"$python" -m venv "$folder" || fail "the environment could not be made" "install python3-venv"
"$folder/bin/pip" install -q --disable-pip-version-check --require-hashes --no-deps -r "$requirements" ||
  fail "the Python packages could not be installed" "check the network"
echo "$wanted" >"$stamp"
