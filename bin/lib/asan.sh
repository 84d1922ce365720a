#!/usr/bin/env bash
# bin/lib/asan.sh [FILTER…]
# What `bin/test asan` is: the kits' tests under AddressSanitizer.
. "$(dirname "$0")/house.sh"
. bin/lib/sanitize.sh
export ASAN_OPTIONS=detect_leaks=0
sanitize address "$@"
