# shellcheck shell=bash
# Sourced first by every script in bin/: where the house stands, how it speaks, which Swift it uses.
set -euo pipefail

house=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# The default place may move out of root's closed home (see cluster.sh); a place that was asked for may not.
[ -n "${TUTALINK_HOME:-}" ] && export TUTALINK_HOME_ASKED=${TUTALINK_HOME_ASKED-yes}
case ${TUTALINK_HOME:-} in
  "") TUTALINK_HOME=$house/.tutalink TUTALINK_HOME_ASKED="" ;;
  /*) ;;
  *) TUTALINK_HOME=$PWD/$TUTALINK_HOME ;;
esac
export TUTALINK_HOME TUTALINK_HOME_ASKED
# shellcheck disable=SC2034
binary=${TUTALINK_BINARY:-$house/.build/debug/tutalink}

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# The comment at the top of the calling script is its manual.
manual=$(readlink -f "$0")
usage() {
  sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$manual"
  exit "${1:-0}"
}
cd "$house"

# make_home: the folder everything local lives in. Traversable, so that the database's user can reach its part of it.
make_home() {
  [ -d "$TUTALINK_HOME" ] && return 0
  mkdir -p "$TUTALINK_HOME" 2>/dev/null ||
    fail "The folder $TUTALINK_HOME cannot be made: set TUTALINK_HOME to a folder you may write to."
  chmod 711 "$TUTALINK_HOME"
}

# need_space MEGABYTES PURPOSE [FOLDER]
need_space() {
  local free folder=${3:-$TUTALINK_HOME}
  free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$1" ] ||
    fail "Only $free MB are free on the disk of $folder, and $2 needs $1 MB: make room and try again."
}

# find_swift: puts a Swift toolchain on the PATH, looking where installers put it. Cheap: asks no version.
find_swift() {
  local place
  command -v swift >/dev/null && return 0
  for place in /opt/swift/usr/bin "${SWIFTLY_BIN_DIR:-$HOME/.local/share/swiftly/bin}" "$HOME/.swiftly/bin" \
    /usr/libexec/swift/bin /usr/local/swift/usr/bin; do
    if [ -x "$place/swift" ]; then
      export PATH=$place:$PATH
      return 0
    fi
  done
  fail "Swift 6.2 or newer is missing: install it from https://www.swift.org/install/linux and try again" \
    "(it is looked for on the PATH, in /opt/swift and in ~/.local/share/swiftly)."
}

# require_swift: find_swift, and new enough.
require_swift() {
  local version
  find_swift
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' || true)
  [ -n "$version" ] || fail "The Swift at $(command -v swift) does not run: 'swift --version' says why."
  [ "${version% *}" -gt 6 ] || { [ "${version% *}" -eq 6 ] && [ "${version#* }" -ge 2 ]; } ||
    fail "Swift 6.2 or newer is needed, and $(command -v swift) is ${version/ /.}: install a newer one from https://www.swift.org/install/linux."
}

# pg NAME ARGUMENTS…: a program of the newest installed PostgreSQL (Debian's own wrappers cost 50 ms each).
# Where no server is installed, as in the image, the newest that has clients is as good for those.
pg_folder() {
  local wanted folder newest=""
  for wanted in initdb psql; do
    for folder in /usr/lib/postgresql/*/bin; do
      [ -x "$folder/$wanted" ] || continue
      if [ -z "$newest" ] || [ "$(basename "${folder%/bin}")" -gt "$(basename "${newest%/bin}")" ]; then newest=$folder; fi
    done
    [ -z "$newest" ] || break
  done
  [ -n "$newest" ] || fail "PostgreSQL 14 or newer is missing: run bin/setup."
  printf '%s' "$newest"
}
pg() {
  local name=$1
  shift
  "$(pg_folder)/$name" "$@"
}
