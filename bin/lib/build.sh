# shellcheck shell=bash disable=SC2154
# Building, as seen by a person: one line that counts, the errors in full when there are any, nothing when nothing changed.

# Made before the last good build, so older than whatever was saved since; holds the compiler that made it.
stamp=$house/.build/house.stamp

# is_built: the binary is there, the toolchain is the same, and nothing it is made of is newer.
is_built() {
  [ -x "$binary" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(command -v swift)" ] &&
    [ -z "$(find Package.swift Sources -newer "$stamp" -print -quit)" ]
}

# progress: turns the compiler's lines into one that counts (on a terminal), or one per tenth of the way (in a log).
progress() {
  local line finished all tenth=-1 tty=""
  [ -t 1 ] && tty=1
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]] || continue
    finished=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
    if [ -n "$tty" ]; then
      printf '\r\033[K[%s/%s] %.60s' "$finished" "$all" "${BASH_REMATCH[3]}"
    elif [ "$all" -gt 0 ] && [ $((finished * 10 / all)) -gt "$tenth" ]; then
      tenth=$((finished * 10 / all))
      printf '[%s/%s]\n' "$finished" "$all"
    fi
  done
  [ -z "$tty" ] || printf '\r\033[K'
}

# errors LOG: each error with the lines the compiler drew under it, once.
errors() {
  awk '/(^|: )(error|fatal error):/ { if (!seen[$0]++) show = 12; else show = 0 }
       /^\[[0-9]+\/[0-9]+\]/ { show = 0 }
       show-- > 0' "$1" | head -n 80
}

# build ARGUMENTS…: `swift build` with them. The log of the last one is in build.log.
build() {
  local log=$TUTALINK_HOME/build.log began=$SECONDS
  make_home
  require_swift
  # The products stand in the house, wherever the home is; the home takes the log.
  need_space 3072 "a build" "$house"
  need_space 50 "the log of a build"
  if ! swift build "$@" 2>&1 </dev/null | tee "$log" | progress; then
    errors "$log" >&2
    if grep -q "No space left on device" "$log"; then
      fail "The disk became full while building: make room and try again."
    fi
    printf 'The build failed: the errors are above, and everything the compiler said is in %s.\n' "$log" >&2
    return 1
  fi
  say "Built in $((SECONDS - began)) s."
}

# build_server: the binary that serves, unless it is there already, or TUTALINK_BINARY names one that was built elsewhere.
build_server() {
  [ -z "${TUTALINK_BINARY:-}" ] || return 0
  find_swift
  is_built && return 0
  say "Building TutaLink (the first time takes some minutes)…"
  mkdir -p "${stamp%/*}"
  # Taken before the build: what is saved while it runs is newer, and builds again.
  command -v swift >"$stamp.new"
  build --product tutalink || return 1
  mv "$stamp.new" "$stamp"
}
