#!/usr/bin/env bash
# Runs a command beside a private ClickHouse server that lives in a temporary
# folder and listens on one loopback port, then throws it away.
#
#   scripts/with-clickhouse.sh COMMAND...
#
# COMMAND gets its address in TEST_CLICKHOUSE. Without a server on this machine
# COMMAND runs all the same; what needs one skips.
set -euo pipefail
[[ $# -gt 0 ]] || { echo "usage: scripts/with-clickhouse.sh COMMAND..." >&2; exit 2; }

bin=$(command -v clickhouse-server || true)
[[ -n $bin ]] || { echo "with-clickhouse: clickhouse-server is not installed; its tests are skipped" >&2; exec "$@"; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/hcch.XXXXXX")
pid=
stop() {
  status=$?
  trap - EXIT INT TERM HUP
  if [[ -n $pid ]]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$dir"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
cat >"$dir/config.xml" <<XML
<yandex>
  <logger><level>warning</level><log>$dir/log</log><errorlog>$dir/errors</errorlog></logger>
  <http_port>$port</http_port>
  <listen_host>127.0.0.1</listen_host>
  <path>$dir/data/</path>
  <tmp_path>$dir/tmp/</tmp_path>
  <users_config>$dir/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>268435456</mark_cache_size>
  <max_concurrent_queries>100</max_concurrent_queries>
</yandex>
XML
cat >"$dir/users.xml" <<XML
<yandex>
  <profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default></default></quotas>
</yandex>
XML
"$bin" --config-file="$dir/config.xml" >"$dir/out" 2>&1 &
pid=$!
for _ in $(seq 300); do
  curl -fsS -o /dev/null "http://127.0.0.1:$port/ping" 2>/dev/null && break
  kill -0 "$pid" 2>/dev/null || { cat "$dir/out" "$dir/errors" >&2 2>/dev/null; echo "with-clickhouse: the server did not start" >&2; exit 1; }
  sleep 0.1
done
export TEST_CLICKHOUSE="http://127.0.0.1:$port"
"$@"
