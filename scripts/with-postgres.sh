#!/usr/bin/env bash
# Runs a command beside a private PostgreSQL that lives in a temporary folder
# and listens on a Unix socket only, then throws it away.
#
#   scripts/with-postgres.sh [--durable] [--] COMMAND...
#
# COMMAND gets its address in TEST_POSTGRES. Without --durable the server does
# not wait for the disk: right for tests, wrong for measuring.
set -euo pipefail

durable=0
while [[ ${1-} == --* ]]; do
  case $1 in
    --durable) durable=1; shift ;;
    --) shift; break ;;
    *) echo "with-postgres: unknown option $1" >&2; exit 2 ;;
  esac
done
[[ $# -gt 0 ]] || { echo "usage: scripts/with-postgres.sh [--durable] [--] COMMAND..." >&2; exit 2; }

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
if [[ -z $bin ]]; then
  initdb=$(command -v initdb) || { echo "with-postgres: no PostgreSQL server here; run scripts/setup.sh" >&2; exit 1; }
  bin=$(dirname "$(readlink -f "$initdb")")
fi

# PostgreSQL refuses to run as root.
dir=$(mktemp -d "${TMPDIR:-/tmp}/hcpg.XXXXXX")
as=()
if [[ $(id -u) == 0 ]]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$dir"
  as=(runuser -u "$user" --)
fi

stop() {
  status=$?
  trap - EXIT INT TERM HUP
  if [[ -f $dir/data/postmaster.pid ]]; then
    "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
  fi
  rm -rf "$dir"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

quiet() { "$@" >"$dir.log" 2>&1 || { cat "$dir.log" "$dir/log" >&2 2>/dev/null; rm -f "$dir.log"; exit 1; }; rm -f "$dir.log"; }

cd "$dir"
quiet "${as[@]}" "$bin/initdb" -D "$dir/data" -U hypercare -A trust -E UTF8 --locale=C.UTF-8 --no-sync
cd - >/dev/null
{
  echo "listen_addresses = ''"
  echo "unix_socket_directories = '$dir'"
  echo "max_connections = 300"
  echo "shared_buffers = 256MB"
  echo "logging_collector = off"
  if ((durable)); then
    echo "fsync = on"
    echo "synchronous_commit = on"
    echo "full_page_writes = on"
    echo "max_wal_size = 4GB"
  else
    echo "fsync = off"
    echo "synchronous_commit = off"
    echo "full_page_writes = off"
    echo "max_wal_size = 2GB"
  fi
} >>"$dir/data/postgresql.conf"
quiet "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start
quiet "$bin/createdb" -h "$dir" -U hypercare hypercare

export TEST_POSTGRES="postgres://hypercare@/hypercare?host=$dir&sslmode=disable"
"$@"
