#!/usr/bin/env bash
# Installs what `make test` needs and this machine lacks, from Debian's own
# packages. Prints nothing and needs no network when everything is there.
set -euo pipefail

missing=()
has() { command -v "$1" >/dev/null 2>&1; }

# What -race and `make` need, a browser, and PostgreSQL's server programs
# (psql alone is only the client).
has gcc || missing+=(gcc libc6-dev)
has make || missing+=(make)
has git || missing+=(git)
has curl || missing+=(curl ca-certificates)
has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
has runuser || missing+=(util-linux)

# Clients that tests run when they are there, and leave out, saying so, when not.
wanted=()
has promtool || wanted+=(prometheus)
has nginx || wanted+=(nginx-light)

as_root=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  if [[ $(id -u) != 0 ]]; then
    has sudo || { echo "setup: missing $*, and neither root nor sudo to install them" >&2; return 1; }
    as_root=(sudo -n)
  fi
  has apt-get || { echo "setup: missing $*; install them with this system's package manager" >&2; return 1; }
  echo "setup: installing $*"
  # An update that fails is only fatal when the install then fails too.
  "${as_root[@]}" apt-get -qq update >"$log" 2>&1 || true
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >>"$log" 2>&1; then
    cat "$log" >&2
    echo "setup: could not install $*" >&2
    return 1
  fi
}
if ((${#missing[@]})); then install "${missing[@]}" || exit 1; fi
if ((${#wanted[@]})); then install "${wanted[@]}" || echo "setup: tests with ${wanted[*]} are left out"; fi

# Wanted but not needed: tests that use these are skipped, with a message,
# where they can't be had.
wanted=()
has clickhouse-server || wanted+=(clickhouse-server)
has prometheus-alertmanager || wanted+=(prometheus-alertmanager)
/usr/bin/python3 -c 'import sentry_sdk' 2>/dev/null || wanted+=(python3-sentry-sdk)
[[ -x /usr/sbin/postfix ]] || wanted+=(postfix)
[[ -x /usr/lib/dovecot/lmtp ]] || wanted+=(dovecot-imapd dovecot-lmtpd)
has swaks && perl -MNet::SSLeay -e 1 2>/dev/null || wanted+=(swaks libnet-ssleay-perl)
for p in "${wanted[@]}"; do
  [[ $(id -u) == 0 ]] && as_root=() || as_root=(sudo -n)
  # RUNLEVEL=1: servers that come with a package are not started by it.
  has apt-get && "${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$p" >/dev/null 2>&1 ||
    echo "setup: $p can't be installed here; tests that use it are skipped"
done

# Clients of other products that internal/e2e points at hypercare.
clients=$(cd "$(dirname "$0")/../tools/clients" && pwd)
if has npm && [[ ! $clients/node_modules/.installed -nt $clients/package-lock.json ]]; then
  (cd "$clients" && npm install --no-save --loglevel=error --fetch-retries=1 >/dev/null 2>&1 && touch node_modules/.installed) ||
    echo "setup: tools/clients can't be installed here; tests that use them are skipped"
fi

has go || { echo "setup: Go 1.26 or later is needed (https://go.dev/dl)" >&2; exit 1; }
has node || { echo "setup: Node.js 20.19 or later with npm is needed to build the UI" >&2; exit 1; }
