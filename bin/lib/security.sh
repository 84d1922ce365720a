#!/usr/bin/env bash
# bin/lib/security.sh [WORD]
# What `bin/test security` is: see Tests/Security/security.py. With a WORD only the trials whose name contains it.
. "$(dirname "$0")/house.sh"
. bin/lib/build.sh

bin/setup --tests --security
find_swift
[ -n "${TUTALINK_BINARY:-}" ] || build_server || fail "The server cannot be built."
[ -n "${TUTALINK_TEST_DATABASE:-}" ] || TUTALINK_TEST_DATABASE=$(bin/db test-cluster) || fail "The tests have no database: see above."
export TUTALINK_TEST_DATABASE
exec .venv/bin/python Tests/Security/security.py "$@"
