#!/usr/bin/env bash
# Renders the secrets of Vault into their files: `ofitec secrets render`, for units and cron.
# VAULT_ADDR, VAULT_CACERT, VAULT_ROLE_ID, VAULT_SECRET_ID_FILE, SECRETS_CONFIG and SECRETS_PATH say
# which; see rotation.md. Nothing secret passes through an argument or a variable of this script.
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/node_modules/.bin/node" "$root/dist/infra/secrets/main.js" render "$@"
