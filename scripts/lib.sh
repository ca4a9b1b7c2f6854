# Shared by the scripts beside it; sourced, not run. Bash.
# Sets: root (the repository), tools (where pinned tools are kept).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Go, npm and the tools need some home to cache in; HOME may be unset.
if [ -z "${HOME:-}" ]; then
  export HOME=$root/build/home
  mkdir -p "$HOME"
fi
tools=${BULWARK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bulwark}/bin
export PATH="$PATH:/usr/local/go/bin"
export CGO_ENABLED=${CGO_ENABLED:-0}

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

# apt_install PACKAGE… installs Debian packages, as root only. The package
# lists are refreshed at most once a process tree, and only when something is
# missing.
apt_install() {
  [ "$(id -u)" = 0 ] && have apt-get || die "missing: $*; install it (Debian: apt-get install $*), then run again"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  local log
  log=$(mktemp)
  if [ -z "${BULWARK_APT_UPDATED:-}" ]; then
    apt-get update -qq >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; die "apt-get update failed"; }
    export BULWARK_APT_UPDATED=1
  fi
  apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; die "apt-get install $* failed"; }
  rm -f "$log"
}

# free_port prints a loopback TCP port that nothing listens on, below the range
# that the kernel hands out to outgoing connections.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

# wait_for SECONDS COMMAND… runs the command until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

# kubernetes_version prints the version of the API server that tests run.
kubernetes_version() { grep -oE 'k8s.io/kubernetes v[0-9.]+' "$root/test/kubernetes/go.mod" | head -n 1 | cut -d' ' -f2; }
