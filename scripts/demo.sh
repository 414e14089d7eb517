#!/usr/bin/env bash
# The demo: makes a fresh data folder (DATA, demo-data by default), imports the sample files, starts
# the server on a free port, runs sql/demo.sql through psql, and stops the server.
# `scripts/demo.sh --clean` only removes the folder. Build first: `make demo` does both.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
data=${DATA:-demo-data}
marker=.quantlake-demo
bin=$CARGO_TARGET_DIR/debug/quantlake
wait_s=60
server=
log=

# remove_data: removes the demo's folder, and never one that this script did not make.
remove_data() {
  if [ ! -e "$data" ] && [ ! -L "$data" ]; then
    return
  fi
  if [ ! -f "$data/$marker" ] || [ -L "$data" ]; then
    die "'$data' was not made by the demo (it has no file $marker); move it away or set DATA"
  fi
  rm -rf -- "${data:?}"
}

# stop_server: ends the server, if it runs: asks first, and kills it after 10 s.
stop_server() {
  [ -n "$server" ] || return 0
  local pid=$server tries=0
  server=
  kill "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

finish() {
  stop_server
  [ -z "$log" ] || rm -f "$log"
}

# server_failed MESSAGE: prints the server's log, then stops.
server_failed() {
  say "the server's log:"
  cat "$log" >&2
  die "$1"
}

case "${1-}" in
  '') ;;
  --clean)
    remove_data
    exit
    ;;
  *) die "unknown option: $1 (the only one is --clean)" ;;
esac

[ -x "$bin" ] || die "$bin is missing; run 'make build' first"
for file in data/us5_daily.parquet data/headlines.csv sql/demo.sql; do
  [ -f "$file" ] || die "$file is missing"
done
need python3 python3
use_ort

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

remove_data
mkdir -p -- "$data"
: >"$data/$marker"

say "importing the sample files into $data"
"$bin" import --data "$data" data/us5_daily.parquet --table bars
"$bin" import --data "$data" data/headlines.csv --table headlines

port=$(python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
log=$(mktemp)
say "starting the server on 127.0.0.1:$port"
"$bin" serve --data "$data" --allow-path models --listen "127.0.0.1:$port" --trust-loopback >"$log" 2>&1 </dev/null &
server=$!
deadline=$((SECONDS + wait_s))
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || server_failed "the server ended before it accepted a connection"
  [ "$SECONDS" -lt "$deadline" ] || server_failed "the server accepted no connection in $wait_s s"
  sleep 0.1
done

if has psql; then
  say "running sql/demo.sql through psql"
  psql -X -w -v ON_ERROR_STOP=1 -P pager=off -h 127.0.0.1 -p "$port" -U quantlake -d quantlake \
    -c '\timing on' -f sql/demo.sql || server_failed "sql/demo.sql failed"
  stop_server
else
  say "psql is not installed (on Debian: apt-get install postgresql-client):" \
    "stopping the server, running sql/demo.sql with 'quantlake sql'"
  stop_server
  "$bin" sql --data "$data" --allow-path models -f sql/demo.sql || die "sql/demo.sql failed"
fi
say "done; the data stays in $data ('make serve' serves it, 'make clean-demo' removes it)"
