#!/usr/bin/env bash
# Runs a command beside a real hypercare on an empty folder, then throws both
# away. COMMAND gets its address in HC_URL, the one-time setup link in
# HC_SETUP_URL, and the browser to use in HC_CHROMIUM.
#
#   scripts/with-server.sh COMMAND...
set -euo pipefail
[[ $# -gt 0 ]] || { echo "usage: scripts/with-server.sh COMMAND..." >&2; exit 2; }
bin=${HYPERCARE_BIN:-$(cd "$(dirname "$0")/.." && pwd)/bin/hypercare}
[[ -x $bin ]] || { echo "with-server: $bin is missing; run make build" >&2; exit 1; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/hcserver.XXXXXX")
pid=
stop() {
  status=$?
  trap - EXIT INT TERM HUP
  if [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null; then
    kill -TERM "$pid"
    wait "$pid" || status=$((status ? status : 1))
  fi
  if ((status)); then
    echo "-- end of the server's log:" >&2
    grep -v 'level=INFO' "$dir/log" | tail -n 40 >&2 || true
  fi
  rm -rf "$dir"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$bin" serve --listen 127.0.0.1:0 --gateway 127.0.0.1:0 --data "$dir/data" >"$dir/log" 2>&1 &
pid=$!
for _ in $(seq 200); do
  HC_SETUP_URL=$(grep -oE 'http://[^ ]+/setup\?token=[A-Za-z0-9_-]+' "$dir/log" | head -1 || true)
  [[ -n $HC_SETUP_URL ]] && break
  kill -0 "$pid" 2>/dev/null || { cat "$dir/log" >&2; echo "with-server: hypercare ended before it was ready" >&2; exit 1; }
  sleep 0.1
done
[[ -n $HC_SETUP_URL ]] || { cat "$dir/log" >&2; echo "with-server: hypercare was not ready in 20 s" >&2; exit 1; }
export HC_SETUP_URL HC_URL=${HC_SETUP_URL%%/setup*}
export HC_CHROMIUM=${HC_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
"$@"
