#!/usr/bin/env bash
# Runs every fuzz target in turn for the given time, and stops at the first
# that finds something (go writes the input to that package's testdata/fuzz).
set -euo pipefail
cd "$(dirname "$0")/.."
for_each=${1:-20s}
grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' cmd internal | sort | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | awk '{print $2}' | while read -r name; do
    echo "-- $(dirname "$file") $name"
    go test -run '^$' -fuzz "^$name\$" -fuzztime "$for_each" "./$(dirname "$file")" </dev/null
  done
done
