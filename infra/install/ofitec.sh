#!/bin/sh
# The operator's command on an installed host: as the user of the service, with the settings of the service.
set -eu
if [ "$(id -u)" != 0 ]; then
  echo 'ofitec: must be run by root, who may read /etc/ofitec/*.env; it then runs as ofitec' >&2
  exit 1
fi
set -a
for file in /etc/ofitec/ofitec.env /etc/ofitec/owner.env; do
  # shellcheck disable=SC1090
  [ ! -r "$file" ] || . "$file"
done
set +a
home=${OFITEC_RELEASE:-/opt/ofitec/current}
# The machine itself is looked at by root, or most of it is not seen.
as='setpriv --reuid=ofitec --regid=ofitec --init-groups --'
[ "${1:-}" != doctor ] || as=''
cd "$home"
# shellcheck disable=SC2086
exec $as "$home/node_modules/.bin/node" --enable-source-maps --max-semi-space-size=8 "$home/dist/src/cli.js" "$@"
