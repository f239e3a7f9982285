#!/bin/sh
# The operator's command on an installed host: as who does such work there, with the settings of that work alone.
set -eu
if [ "$(id -u)" != 0 ]; then
  echo 'ofitec: must be run by root, who may read /etc/ofitec/*.env; it then runs as ofitec' >&2
  exit 1
fi
user=ofitec files='ofitec owner'
case ${1:-} in
  # The machine itself is looked at by root, or most of it is not seen.
  doctor) user='' ;;
  # Only root may tell a proxy to read its file again.
  release) user='' files='ofitec owner release' ;;
  # Whoever owns the cluster's files, as its timer does; the application's secrets are none of its business.
  backup) user=postgres files=backup ;;
esac
set -a
for file in $files; do
  # shellcheck disable=SC1090
  [ ! -r "/etc/ofitec/$file.env" ] || . "/etc/ofitec/$file.env"
done
set +a
home=${OFITEC_FOLDER:-/opt/ofitec/current}
as=${user:+setpriv --reuid=$user --regid=$user --init-groups --}
cd "$home"
# shellcheck disable=SC2086
exec $as "$home/node_modules/.bin/node" --enable-source-maps --max-semi-space-size=8 "$home/dist/src/cli.js" "$@"
