#!/bin/bash
# What the entry point of Docker's official PostgreSQL image does: secrets read by root, the rest done by postgres, and
# the scripts of the first start with a server that only its socket reaches.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  export POSTGRES_PASSWORD
  chown -R postgres "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -U postgres --pwfile=<(printf %s "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -w -o "-c listen_addresses=''" start >/dev/null
  for script in /docker-entrypoint-initdb.d/*.sh; do "$script"; done
  pg_ctl -m fast -w stop >/dev/null
fi
unset POSTGRES_PASSWORD
exec postgres -c listen_addresses='*'
