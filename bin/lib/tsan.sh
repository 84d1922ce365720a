#!/usr/bin/env bash
# bin/lib/tsan.sh [FILTER…]
# What `bin/test tsan` is: the kits' tests under ThreadSanitizer.
. "$(dirname "$0")/house.sh"
. bin/lib/sanitize.sh
export TSAN_OPTIONS=report_signal_unsafe=0:history_size=4
sanitize thread "$@"
