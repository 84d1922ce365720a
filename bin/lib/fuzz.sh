#!/usr/bin/env bash
# bin/lib/fuzz.sh [TARGET] [SECONDS]
# Drives the readers of strangers' bytes (Tests/Fuzz/Targets) with libFuzzer under AddressSanitizer: one target, or all of
# them one after another, so many seconds each (10 unless told). What breaks a promise is kept as
# Tests/Fuzz/Corpus/TARGET/found-…: mend the reader and commit the input, which the ordinary tests replay from then on.
# What the fuzzer merely finds interesting is kept in $TUTALINK_HOME/fuzz, from which a longer run goes on.
. "$(dirname "$0")/house.sh"

wanted="" seconds=10
for word; do
  case $word in
    -h | --help) usage 0 ;;
    *[!0-9]*) wanted=$word ;;
    *) seconds=$word ;;
  esac
done
find_swift
make_home
scratch=${TUTALINK_FUZZ_SCRATCH:-$house/.build/fuzz}
runtime=$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
library=$(find -L "$runtime/clang/lib" "$(dirname "$runtime")/clang" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" -print -quit 2>/dev/null)
[ -n "$library" ] || fail "This Swift toolchain brings no libFuzzer (libclang_rt.fuzzer_no_main); use one from https://www.swift.org."

say "Building the fuzz targets"
TUTALINK_FUZZ=1 TUTALINK_ONLY=fuzz swift build --product fuzz --scratch-path "$scratch" --sanitize=address \
  -Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table \
  -Xlinker "$library" -Xlinker -lstdc++ >"$TUTALINK_HOME/fuzz-build.log" 2>&1 || {
  grep -E 'error' "$TUTALINK_HOME/fuzz-build.log" | sort -u | head -n 20 >&2
  fail "The fuzz targets could not be built; the whole log is $TUTALINK_HOME/fuzz-build.log."
}
# A crash prints its trace and ends: the backtracer would wait for its own parent.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:handle_abort=1
passed=0 failed=0
while read -r name longest; do
  [ -z "$wanted" ] || [ "$wanted" = "$name" ] || continue
  seeds=Tests/Fuzz/Corpus/$name known=$TUTALINK_HOME/fuzz/$name log=$TUTALINK_HOME/fuzz-$name.log status=0
  mkdir -p "$known"
  FUZZ_TARGET=$name timeout -k 5 $((seconds + 120)) "$scratch/debug/fuzz" "$known" "$seeds" -max_len="$longest" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -artifact_prefix="$seeds/found-" -print_final_stats=1 \
    >"$log" 2>&1 </dev/null || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    printf '✔ %-16s %10s runs\n' "$name" "${runs:-?}"
  else
    failed=$((failed + 1))
    printf '✘ %-16s\n' "$name"
    grep -E 'broken:|Fatal error|ERROR|SUMMARY|Test unit written' "$log" | head -n 8
    say "(the whole log: $log)"
  fi
done < <("$scratch/debug/fuzz")
[ $((passed + failed)) -gt 0 ] || fail "There is no fuzz target '$wanted'; bin/test fuzz alone names them all."
say "$passed passed, $failed failed"
[ "$failed" = 0 ]
