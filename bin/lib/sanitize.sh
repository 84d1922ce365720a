# shellcheck shell=bash
# What bin/lib/asan.sh and tsan.sh share: the kits' tests, built with a sanitizer in a folder of their own.
. bin/lib/build.sh

# sanitize KIND FILTER…: builds and runs; a report of the sanitizer is a failure even when every test passed.
sanitize() {
  local kind=$1 log=$TUTALINK_HOME/$1.log status=0 reports filter filters=()
  shift
  for filter; do filters+=(--filter "$filter"); done
  bin/setup --tests
  find_swift
  [ -n "${TUTALINK_TEST_DATABASE:-}" ] || TUTALINK_TEST_DATABASE=$(bin/db test-cluster) || fail "The tests have no database: see above."
  export TUTALINK_TEST_DATABASE
  # Every kit that has tests, so that a new one is not forgotten.
  local kits=(Tests/Kits/*Tests)
  kits=("${kits[@]##*/}")
  export TUTALINK_ONLY=${TUTALINK_ONLY:-$(IFS=, && printf '%s' "${kits[*]}")}
  local scratch=${TUTALINK_SANITIZE_SCRATCH:-$house/.build/$kind}
  say "Building with -sanitize=$kind"
  swift build --build-tests --sanitize="$kind" --scratch-path "$scratch" >"$log" 2>&1 || {
    grep -E 'error:' "$log" | sort -u | head -n 20 >&2
    fail "It could not be built; the whole log is $log."
  }
  # A crash prints its report and ends: the backtracer would wait for its own parent.
  export SWIFT_BACKTRACE=enable=no
  timeout -k 10 1200 swift test --skip-build --disable-xctest --sanitize="$kind" --scratch-path "$scratch" "${filters[@]}" \
    >"$log" 2>&1 </dev/null || status=$?
  reports=$(grep -cE '^(SUMMARY|WARNING): (Address|Thread)Sanitizer' "$log" || true)
  grep -E '^✘ .*(recorded an issue|Caught error)|^SUMMARY: ' "$log" | sort | uniq -c | head -n 40 || true
  say "(the whole log: $log)"
  say "$(grep -cE '^✔ Test .* passed after' "$log" || true) passed, $(grep -cE '^✘ Test .* failed after' "$log" || true) failed, $reports reports"
  [ $status = 0 ] && [ "$reports" = 0 ]
}
