#!/usr/bin/env bash
# The whole test run: everything `make test` promises, phase by phase, each
# with its time. A phase that passes prints one line; one that fails prints
# what failed, and the later phases still run. The last line says
# "N passed, N failed". Phases can be named to run only those:
#
#   scripts/test.sh lint go pg ui e2e
#
# e2e is the browser's: stories, Lighthouse and the measured inbox; each of
# the three can be named alone (stories, lighthouse, large).
set -uo pipefail
cd "$(dirname "$0")/.."

phases=("$@")
[[ ${#phases[@]} -gt 0 ]] || phases=(lint go ui build pg e2e)
for p in "${phases[@]}"; do
  case $p in
    e2e) phases+=(browser stories lighthouse large) ;;
    stories | lighthouse | large) phases+=(browser) ;;
  esac
done

export HOME=${HOME:-$(mktemp -d)} NO_COLOR=1
export CGO_ENABLED=${CGO_ENABLED:-0}
case " ${GOFLAGS-} " in *" -buildvcs="*) ;; *) export GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false" ;; esac
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hctest.XXXXXX")
besides=
trap '[[ -z $besides ]] || kill -- "-$besides" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
counts=$tmp/counts out=$tmp/out testsum=$tmp/testsum
: >"$counts"
failed_phases=0

# phase NAME COMMAND...: quiet when it passes.
phase() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >"$out" 2>&1; then
    printf -- '-- %-34s ok    %4d s\n' "$name" $((SECONDS - start))
    grep -oE '^ *slow:.*|measured: .*' "$out" | sed 's/^measured:/  /' || true
  else
    failed_phases=$((failed_phases + 1))
    printf -- '-- %-34s FAIL  %4d s\n' "$name" $((SECONDS - start))
    tail -c 40000 "$out"
    return 1
  fi
}

# check NAME COMMAND...: a phase that is itself one test.
check() {
  if phase "$@"; then echo "1 0 0" >>"$counts"; else echo "0 1 0" >>"$counts"; return 1; fi
}

# counted NAME COMMAND...: a phase that writes its own counts; a failure that
# counted nothing (a tool that did not start) counts as one.
counted() {
  local before
  before=$(wc -l <"$counts")
  if ! phase "$@" && [[ $(wc -l <"$counts") == "$before" ]]; then
    echo "0 1 0" >>"$counts"
  fi
}

# beside NAME COMMAND...: begins a counted phase that waits more than it
# computes, beside what follows; joined prints it and takes its counts.
beside() {
  : >"$counts.beside"
  set -m # a process group of its own, so that its servers end with this run
  (
    counts=$counts.beside out=$out.beside failed_phases=0
    counted "$@"
    exit "$failed_phases"
  ) >"$tmp/beside" 2>&1 &
  besides=$!
  set +m
}
joined() {
  wait "$besides" || failed_phases=$((failed_phases + 1))
  besides=
  cat "$tmp/beside"
  cat "$counts.beside" >>"$counts"
}

go_tests() { # FLAGS...
  go test -json -timeout 15m "$@" | "$testsum" -counts "$counts"
}

# -race slows pure computation 5 to 20 times and finds nothing there: the
# engine's numeric packages run without it, and so does internal/e2e, whose
# work is done by another process.
plain='/internal/(nlp|eval|bench|e2e|rollout/analysis)(/|$)'

# For the same reason SQLite, which is C made into Go, is compiled without it:
# it took four fifths of the time. No other library is: one that shares generic
# code with ours (sync.OnceValue) makes the detector see races where there are
# none, because the linker keeps one copy of that code.
quiet=(-gcflags=modernc.org/...=-race=false)

tests_race() { CGO_ENABLED=1 go_tests -race "${quiet[@]}" $(go list ./... | grep -vE "$plain"); }

tests_plain() { go_tests $(go list ./... | grep -E "$plain" | grep -v /internal/e2e); }

# The binary of this run, when it was built; internal/e2e builds its own else.
# Its tests wait more than they compute: for a process, a lease, a tick.
tests_binary() { go_tests -count=1 -parallel 6 ./internal/e2e; }

tests_postgres() {
  # Only packages that open a database have anything new to say here.
  local list
  list=$(go list -test -f '{{if .ForTest}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./... |
    awk '/\/internal\/db\/dbtest( |$)/ || /\/internal\/e2e /{print $1}' | sort -u)
  [[ -z $list ]] || scripts/with-postgres.sh bash -c "go test -json -count=1 -parallel 6 -timeout 15m $(tr '\n' ' ' <<<"$list") | '$testsum' -counts '$counts'"
}

tests_clickhouse() {
  scripts/with-clickhouse.sh bash -c "go test -json -count=1 -timeout 10m -run Cluster ./internal/call ./internal/e2e | '$testsum' -counts '$counts'"
}

vitest() { # CONFIG-ARGS...
  local rc=0
  (cd ui && npx vitest run "$@" --reporter=default --reporter=json --outputFile.json="$tmp/vitest.json") || rc=$?
  if [[ -s $tmp/vitest.json ]]; then
    node -e 'const r = JSON.parse(require("fs").readFileSync(process.argv[1]));
      console.log(r.numPassedTests, r.numFailedTests || (r.success ? 0 : 1), r.numPendingTests)' "$tmp/vitest.json" >>"$counts"
    rm -f "$tmp/vitest.json"
  fi
  return $rc
}

# Everything that needs a browser: one after another, on one server.
in_browser() { # SERVER'S ENVIRONMENT IS SET
  ! want stories || counted "browser stories with axe" vitest --config vitest.e2e.config.ts e2e/stories
  ! want lighthouse || counted "Lighthouse" vitest --config vitest.e2e.config.ts e2e/gates/lighthouse
  ! want large || counted "the inbox with 100,000 reports" vitest --config vitest.e2e.config.ts e2e/gates/hundred-thousand
}

want() { local p; for p in "${phases[@]}"; do [[ $p == "$1" ]] && return 0; done; return 1; }

phase "setup" scripts/setup.sh || { echo "0 passed, 1 failed"; exit 1; }
phase "go modules" go mod download || { echo "0 passed, 1 failed"; exit 1; }
if want go || want pg; then
  phase "test runner" go build -o "$testsum" ./internal/house/testsum || { echo "0 passed, 1 failed"; exit 1; }
fi
if want lint || want ui || want build || want browser; then
  phase "node modules" make -s ui-deps || { echo "0 passed, 1 failed"; exit 1; }
fi

if want lint; then
  check "lint: Go" make -s lint-go
  check "lint: UI" make -s lint-ui
fi
if want ui; then
  counted "UI unit tests" vitest
fi
if want build || want browser; then
  check "build: UI" make -s ui
  check "UI size budget" make -s ui-size
  check "build: binary" make -s build && export HYPERCARE_BIN=$PWD/bin/hypercare
  check "generated files are current" make -s gen-check
fi
if want go; then
  counted "Go tests, SQLite, race detector" tests_race
  beside "the real binary, SQLite" tests_binary
  counted "Go tests, the language engine" tests_plain
  joined
fi
if want pg; then
  beside "Go tests, ClickHouse" tests_clickhouse
  counted "Go tests, PostgreSQL" tests_postgres
  joined
fi
if want browser; then
  # The phases run in a shell of their own, inside the server's; a server that
  # fails on its way up or down counts as a failure too.
  export -f in_browser counted phase vitest want
  export tmp counts out failed_phases phases_text="${phases[*]}"
  scripts/with-server.sh bash -c 'read -ra phases <<<"$phases_text"; in_browser' || echo "0 1 0" >>"$counts"
fi

echo "total $SECONDS s, load $(cut -d' ' -f1-3 /proc/loadavg)"
awk '{p += $1; f += $2; s += $3} END {
  if (s) printf "%d passed, %d failed, %d skipped\n", p, f, s
  else printf "%d passed, %d failed\n", p, f
  exit f > 0 || p == 0 }' "$counts"
status=$?
((failed_phases == 0)) && exit $status
exit 1
