# shellcheck shell=bash disable=SC2154
# A server and the database under it, as bin/run and bin/dev start and stop them.

server="" own_cluster=""

# read_settings: Config/local.env, a copy of Config/sample.env with own values. The environment goes before it.
read_settings() {
  local name value
  [ -f Config/local.env ] || return 0
  while IFS='=' read -r name value || [ -n "$name" ]; do
    [[ $name =~ ^[A-Z][A-Z0-9_]*$ ]] || continue
    [ -n "${!name+given}" ] || export "$name=$value"
  done <Config/local.env
}
read_settings
export PORT=${PORT:-8080} HOST=${HOST:-127.0.0.1}
export SITE_URL=${SITE_URL:-http://localhost:$PORT}

# open_database: DATABASE_URL where it is given, else the private cluster, which is remembered if it was we who started it.
open_database() {
  local said
  make_home
  if [ -n "${DATABASE_URL:-}" ]; then
    said=$(PGCONNECT_TIMEOUT=5 pg psql "$DATABASE_URL" -XAtqc 'select 1' 2>&1 >/dev/null) ||
      fail "The database named by DATABASE_URL does not answer (${said##*error: }): start it, or unset DATABASE_URL to use a private one."
    return 0
  fi
  need_space 200 "the database"
  if ! bin/lib/cluster.sh status >/dev/null; then
    bin/lib/cluster.sh start || exit 1
    own_cluster=1
  fi
  DATABASE_URL=$(bin/lib/cluster.sh url)
  export DATABASE_URL
}

close_database() {
  [ -z "$own_cluster" ] || bin/lib/cluster.sh stop
  own_cluster=""
}

# require_port: a sentence that names who holds the port, where the system lets us see it.
require_port() {
  local socket holder=""
  { [[ $PORT =~ ^[0-9]{1,5}$ ]] && [ "$PORT" -ge 1 ] && [ "$PORT" -le 65535 ]; } ||
    fail "PORT is '$PORT', and a port is a number from 1 to 65535."
  # Listening sockets are in state 0A; the tenth column is the inode that the holder has open.
  # No pipe: one that is left early kills what writes into it, and with it this script.
  socket=$(awk -v port="$(printf '%04X' "$PORT")" \
    '$4 == "0A" && substr($2, index($2, ":") + 1) == port { print $10; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null) || true
  [ -n "$socket" ] || return 0
  holder=$(find /proc/[0-9]*/fd -lname "socket:\[$socket\]" -print -quit 2>/dev/null | cut -d / -f 3 || true)
  [ -z "$holder" ] || holder=" by $(cat "/proc/$holder/comm") (process $holder)"
  fail "Port $PORT is taken$holder: stop that, or choose another, such as PORT=$((PORT + 1)) bin/${0##*/}"
}

# start_server LOG: in a session of its own, so that Ctrl-C reaches us and we let it drain; and not outliving us.
start_server() {
  setsid setpriv --pdeathsig TERM "$binary" serve >>"$1" 2>&1 &
  server=$!
}

# await_server: until it answers, or has ended, or half a minute is over.
await_server() {
  local host=$HOST
  [ "$host" != 0.0.0.0 ] || host=127.0.0.1
  for _ in {1..300}; do
    curl -fsS -o /dev/null --max-time 2 "http://$host:$PORT/healthz" 2>/dev/null && return 0
    kill -0 "$server" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

# stop_server: asks it to drain, and waits; one that does not end within 20 s is ended.
stop_server() {
  [ -n "$server" ] || return 0
  kill -TERM "$server" 2>/dev/null || true
  for _ in {1..200}; do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$server" 2>/dev/null && say "The server did not drain within 20 s and was ended."
  wait "$server" 2>/dev/null || true
  server=""
}
