# Sourced by the scripts of tools/: steps with times, and checks that fail early with the remedy.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
began_all=$SECONDS

step() { printf '\n==> %s  [%d s]\n' "$*" "$((SECONDS - began_all))"; }
note() { printf '    %s\n' "$*"; }
fail() {
  printf '\nFAILED: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf 'What to do: %s\n' "$2" >&2; fi
  exit 1
}

need_disk() { # megabytes
  local free
  free=$(df -Pm "$root" | awk 'NR==2 {print $4}')
  if [ "$free" -lt "$1" ]; then
    fail "only $free MB of disk are free, $1 MB are needed" "free some space, or clone to a larger disk"
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"
  else fail "packages must be installed, but there is neither root nor sudo" "run 'tools/deps.sh --dry-run' and give its list to your administrator"; fi
}

# Parallel compilers are bounded by memory, too: a large file takes about a gigabyte.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ {print int($2 / 1000000)}' /proc/meminfo)
  if [ "$memory" -lt 1 ]; then memory=1; fi
  if [ "$cores" -lt "$memory" ]; then echo "$cores"; else echo "$memory"; fi
}
