#!/usr/bin/env bash
# Installs the system packages that are missing: tools/deps.sh [--dry-run] [build] [test] [lint] [bench]
set -euo pipefail
. "$(dirname "$0")/lib/steps.sh"

build=(build-essential cmake ninja-build pkg-config ccache mold nlohmann-json3-dev libfast-float-dev libfmt-dev
  libcli11-dev libyaml-cpp-dev libcurl4-openssl-dev libzstd-dev zlib1g-dev libssl-dev libsqlite3-dev libnghttp2-dev libprotobuf-dev protobuf-compiler
  libboost1.81-dev libxxhash-dev ca-certificates debian-archive-keyring python3 python3-venv python3-pip unzip)
test=(libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev clang-19 libclang-rt-19-dev prometheus prometheus-alertmanager curl jq
  nghttp2-client strace valgrind binutils)
bench=(nghttp2-client libbenchmark-dev)
lint=(clang-format-19 shellcheck)

dry_run=no groups=()
for argument in "$@"; do
  case "$argument" in
    --dry-run) dry_run=yes ;;
    build | test | lint | bench) groups+=("$argument") ;;
    *) fail "unknown argument '$argument'" "tools/deps.sh [--dry-run] [build] [test] [lint] [bench]" ;;
  esac
done
if [ ${#groups[@]} = 0 ]; then groups=(build test lint); fi
command -v dpkg-query >/dev/null || fail "this system has no dpkg" "use Debian 12 or newer, or install the packages listed in tools/deps.sh by hand"

wanted=()
for group in "${groups[@]}"; do
  declare -n list="$group"
  wanted+=("${list[@]}")
done
missing=()
for package in "${wanted[@]}"; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then missing+=("$package"); fi
done
if [ ${#missing[@]} = 0 ]; then exit 0; fi
step "installing ${#missing[@]} system packages: ${missing[*]}"
if [ "$dry_run" = yes ]; then exit 0; fi
need_disk 3000
as_root apt-get update -qq || fail "the package lists cannot be fetched" "check the network and /etc/apt/sources.list"
# Services of test tools must not start by being installed.
printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
as_root chmod +x /usr/sbin/policy-rc.d
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  -o DPkg::Lock::Timeout=600 "${missing[@]}" >/dev/null ||
  { as_root rm -f /usr/sbin/policy-rc.d; fail "apt-get could not install the packages" "run 'apt-get install ${missing[*]}' and read what it says"; }
as_root rm -f /usr/sbin/policy-rc.d
