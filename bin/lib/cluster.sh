#!/usr/bin/env bash
# cluster.sh start|stop|status|destroy|url [durable|fast]
# A private PostgreSQL cluster in a folder of its own, reached through a socket and by nobody else.
# durable (the default) keeps what it was told; fast is for tests and survives no power cut.
#
# PostgreSQL refuses to run as root: root drops to the package's user `postgres`, others run it as themselves.
# Whoever runs it may connect as `tutalink`, which owns the database of that name and may make others (peer, mapped).
. "$(dirname "${BASH_SOURCE[0]}")/house.sh"

command=${1:-} profile=${2:-durable}
case $profile in
  durable) folder=$TUTALINK_HOME/postgres ;;
  fast) folder=$TUTALINK_HOME/postgres-test ;;
  *) usage 2 >&2 ;;
esac

# At another hour, where the tests ask for one (bin/test).
clock=()
[ -z "${TEST_CLOCK:-}" ] || clock=(LD_PRELOAD="$TEST_CLOCK" AHEAD="$AHEAD")

if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 || fail "There is no user postgres, so PostgreSQL is not installed: run bin/setup."
  owner=postgres
  as() { (cd / && setpriv --reuid=postgres --regid=postgres --init-groups --reset-env env LC_ALL=C.UTF-8 "${clock[@]}" "$@"); }
else
  owner=$(id -un)
  as() { env LC_ALL=C.UTF-8 "${clock[@]}" "$@"; }
fi

make_home
# A house below a closed folder such as /root cannot be entered by user postgres: then only the database moves out.
if ! as test -x "$TUTALINK_HOME"; then
  [ -z "${TUTALINK_HOME_ASKED:-}" ] ||
    fail "The database's user $owner cannot enter $TUTALINK_HOME, because a folder above it is closed: set TUTALINK_HOME to a folder others may enter, such as /var/lib/tutalink."
  folder=/var/lib/tutalink-$(printf '%s' "$house" | cksum | cut -d ' ' -f 1)/${folder##*/}
  mkdir -p -m 711 "${folder%/*}"
fi
data=$folder/data log=$folder/log

# A socket's address holds 107 bytes. Where the folder's path is longer, the socket lives in a folder in /tmp that only
# the owner may enter; made by anybody else beforehand, it is refused.
sockets=$folder/run
if [ ${#sockets} -gt 90 ]; then
  sockets=/tmp/tutalink-$(printf '%s' "$folder" | cksum | cut -d ' ' -f 1)
fi

url() { printf 'host=%s port=5432 user=tutalink dbname=%s' "$sockets" "${1:-tutalink}"; }
running() { "$bin/pg_isready" -q -h "$sockets" -p 5432; }

open_sockets() {
  [ -d "$sockets" ] || as mkdir -m 700 "$sockets"
  [ "$(stat -c '%U %a' "$sockets")" = "$owner 700" ] ||
    fail "The socket folder $sockets belongs to somebody else or is open to others: remove it and try again."
}

create() {
  local major=${bin%/bin}
  [ "${major##*/}" -ge 14 ] || fail "PostgreSQL 14 or newer is needed, and ${major##*/} is installed: install a newer one."
  mkdir -p -m 700 "$folder"
  [ "$(id -u)" != 0 ] || chown postgres: "$folder"
  as "$bin/initdb" -D "$data.new" -U postgres -E UTF8 --locale=C.UTF-8 --data-checksums \
    --auth-local=peer --auth-host=reject --no-instructions >"$TUTALINK_HOME/initdb.log" 2>&1 || {
    cat "$TUTALINK_HOME/initdb.log" >&2
    fail "The database cluster could not be made in $folder: the lines above say why."
  }
  printf 'local all all peer map=house\n' | as tee "$data.new/pg_hba.conf" >/dev/null
  for user in root postgres "$owner"; do
    printf 'house %s tutalink\nhouse %s postgres\n' "$user" "$user"
  done | sort -u | as tee "$data.new/pg_ident.conf" >/dev/null
  printf "include = 'house.conf'\ninclude_if_exists = 'local.conf'\n" | as tee -a "$data.new/postgresql.conf" >/dev/null
  settings | as tee "$data.new/house.conf" >/dev/null
  # --single needs no socket and no port, and leaves a cluster that is complete before it gets its name.
  # pg_signal_backend: a database is dropped although autovacuum is at work in it.
  printf '%s\n' "create role tutalink login createdb in role pg_signal_backend" "create database tutalink owner tutalink" \
    "create extension pg_stat_statements" |
    as "$bin/postgres" --single -D "$data.new" postgres >"$TUTALINK_HOME/initdb.log" 2>&1 || {
    cat "$TUTALINK_HOME/initdb.log" >&2
    fail "The database could not be made in $folder: the lines above say why."
  }
  as mv "$data.new" "$data"
}

# Written at every start; a `local.conf` beside it overrides.
settings() {
  # An eighth of the machine's memory: a quarter is the manual's advice for a machine that PostgreSQL has to itself. It is
  # taken as it is used. Tests, of which several may run, are small.
  local buffers=128
  if [ "$profile" = durable ]; then
    buffers=$(awk '$1 == "MemTotal:" { print int($2 / 8192) }' /proc/meminfo)
    buffers=$((buffers < 128 ? 128 : buffers > 4096 ? 4096 : buffers))
  fi
  cat <<END
listen_addresses = ''
max_connections = 200
shared_preload_libraries = 'pg_stat_statements'
shared_buffers = '${buffers}MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
random_page_cost = 1.1
effective_io_concurrency = 200
max_wal_size = '2GB'
checkpoint_timeout = '15min'
max_parallel_workers_per_gather = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = '500ms'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_lock_waits = on
END
  [ "$profile" = durable ] || cat <<END
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
END
}

start() {
  running && return 0
  rm -rf "$data.new"
  [ -f "$data/PG_VERSION" ] || create
  [ "$(stat -c %U "$data")" = "$owner" ] ||
    fail "The database in $folder belongs to $(stat -c %U "$data"), who started it first: run as that user, or set another TUTALINK_HOME."
  open_sockets
  settings | as tee "$data/house.conf" >/dev/null
  # After a kill -9 the old server's children need a moment to let go of its shared memory.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    as "$bin/pg_ctl" -D "$data" -l "$log" -o "-k '$sockets' -p 5432" -w -t 30 -s start >/dev/null 2>&1 && return 0
    sleep 0.5
  done
  tail -n 5 "$log" >&2
  fail "The database does not start: the last lines of $log are above."
}

stop() {
  [ -f "$data/postmaster.pid" ] || return 0
  as "$bin/pg_ctl" -D "$data" -m "${1:-fast}" -w -t 30 -s stop
}

bin=$(pg_folder)
if [ -f "$data/PG_VERSION" ] && [ "$bin" != "/usr/lib/postgresql/$(cat "$data/PG_VERSION")/bin" ]; then
  bin=/usr/lib/postgresql/$(cat "$data/PG_VERSION")/bin
  [ -x "$bin/postgres" ] ||
    fail "The database in $folder was made by PostgreSQL $(cat "$data/PG_VERSION"), which is no longer installed: install it again, or move the data with pg_upgradecluster."
fi

case $command in
  start)
    # Two starts at once: the second waits, then finds it running.
    exec 9>"$TUTALINK_HOME/$profile.lock"
    flock -w 60 9 || fail "Another start of the database has been under way for a minute: look in $log."
    start 9>&-
    ;;
  stop) stop ;;
  status)
    if running; then say "running: $(url)"; else
      say "stopped"
      exit 3
    fi
    ;;
  destroy)
    stop immediate || true
    rm -rf "$folder" "$sockets"
    ;;
  url) url "${3:-}" && echo ;;
  *) usage 2 >&2 ;;
esac
