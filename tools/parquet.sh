#!/usr/bin/env bash
# Brings the libraries and headers of Arrow and Parquet to build/parquet, pinned by hash: what the optional plug-in is
# built with.
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"

version=26.0.1
wheel_sha256=39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c
folder="$root/build/parquet"
stamp="$folder/version"

if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$version $wheel_sha256" ]; then exit 0; fi
need_disk 500
step "fetching Arrow and Parquet $version (55 MB)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'pyarrow==%s --hash=sha256:%s\n' "$version" "$wheel_sha256" >"$work/parquet.txt"
/usr/bin/env python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
  --python-version 3.11 --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 -d "$work" -r "$work/parquet.txt" ||
  fail "Arrow and Parquet could not be fetched" "check the network; without them everything but Parquet files works"
rm -rf "$folder"
mkdir -p "$folder/lib" "$work/wheel"
unzip -q "$work"/pyarrow-*.whl 'pyarrow/include/arrow/*' 'pyarrow/include/parquet/*' 'pyarrow/libarrow.so.*' \
  'pyarrow/libparquet.so.*' 'pyarrow-*.dist-info/licenses/*' -d "$work/wheel"
mv "$work/wheel/pyarrow/include" "$folder/include"
mv "$work"/wheel/pyarrow/libarrow.so.* "$work"/wheel/pyarrow/libparquet.so.* "$work"/wheel/pyarrow-*/licenses/* "$folder/lib/"
echo "$version $wheel_sha256" >"$stamp" # last: a folder with it is whole
