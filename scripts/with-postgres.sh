#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own on 127.0.0.1, gone afterwards: scripts/with-postgres.sh npm test
# Installs Debian's package `postgresql` if the machine has no server and we may. The command finds the server in
# GEN2_TEST_DATABASE_URL; with GEN2_REQUIRE_POSTGRES=1 the suites that want one fail rather than do without.
set -euo pipefail

log() { printf 'with-postgres: %s\n' "$*" >&2; }

# Folder of initdb and postgres; Debian keeps them out of the PATH.
find_binaries() {
  local folder
  for folder in $(dirname "$(readlink -f "$(command -v postgres || true)")" 2>/dev/null) /usr/lib/postgresql/*/bin; do
    if [[ -x $folder/postgres && -x $folder/initdb ]]; then
      echo "$folder"
      return
    fi
  done
}

install_server() {
  local as_root=()
  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      log 'no PostgreSQL server here, and no right to install one: install the package postgresql'
      exit 1
    fi
    as_root=(sudo -n)
  fi
  log 'installing the package postgresql …'
  # Without a cluster of the system's own: ours is the only one that is needed.
  "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/gen2.conf >/dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql </dev/null >&2
}

binaries=$(find_binaries)
if [[ -z $binaries ]]; then
  install_server
  binaries=$(find_binaries)
fi
if [[ -z $binaries ]]; then
  log 'the package postgresql brought no server'
  exit 1
fi

# The server refuses to run as root.
as_owner=()
owner=$(id -un)
if ((EUID == 0)); then
  owner=nobody
  if getent passwd postgres >/dev/null; then owner=postgres; fi
  as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups env "HOME=/nonexistent")
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/gen2-postgres.XXXXXX")
stop() {
  if [[ -e $folder/data/postmaster.pid ]]; then
    "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(node -p 'crypto.randomUUID()')
port=$(node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
(umask 077 && echo "$password" >"$folder/password")
if ((EUID == 0)); then chown -R "$owner" "$folder"; fi
cd "$folder"
"${as_owner[@]}" "$binaries/initdb" -D "$folder/data" -U gen2 -A scram-sha-256 --pwfile "$folder/password" -E UTF8 --locale C >/dev/null
# Nothing here outlives the command, so nothing has to be safe on disk.
settings="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c fsync=off"
if ! "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -o "$settings" start >/dev/null </dev/null; then
  log 'the server did not start:'
  cat "$folder/log" >&2
  exit 1
fi
cd "$OLDPWD"

log "$("$binaries/postgres" --version) on 127.0.0.1:$port"
export GEN2_TEST_DATABASE_URL="postgres://gen2:$password@127.0.0.1:$port/postgres"
"$@" &
command=$!
# A signal must not wait until the command ends by itself; what runs in the background does not hear SIGINT.
trap 'kill -TERM "$command" 2>/dev/null; exit 143' TERM
trap 'kill -TERM "$command" 2>/dev/null; exit 130' INT
wait "$command"
