#!/usr/bin/env bash
# Restores the newest copy beside the shop, compares everything, removes it: `ofitec backup restore-test`, for units
# and cron. It ends with 0 when all is as the manifest says, and otherwise says on the standard error what differs.
# The variables are those of backup.env.example; nothing secret passes through an argument.
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/node_modules/.bin/node" --enable-source-maps "$root/dist/infra/backups/main.js" restore-test "$@"
