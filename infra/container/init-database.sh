#!/bin/sh
# Once, when the database's volume is empty: the three roles, with the passwords of their secret files. A password
# goes by the input of psql, never by an argument.
set -eu
psql -v ON_ERROR_STOP=1 -v database=ofitec -U postgres -f /roles.sql
for role in owner app; do
  # By itself, so that a file that may not be read ends this: an empty password would be none.
  password=$(cat "/run/secrets/${role}_password")
  printf "ALTER ROLE ofitec_%s PASSWORD '%s';\n" "$role" "$password" |
    psql -v ON_ERROR_STOP=1 -q -U postgres
done
