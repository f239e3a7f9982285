#!/usr/bin/env bash
# Gives this machine its half of OFITEC's virtual address. Run it again after every change.
set -euo pipefail
usage() {
  cat <<'TEXT'
install.sh [--dry-run] [--root FOLDER] [--env FILE]

  --dry-run      say what would change; change nothing
  --root FOLDER  write the files below this folder, and neither install packages nor start anything
  --env FILE     the variables; /etc/ofitec/vip.env unless told (see vip.example.env)
  --help         this

Says one line a step: "as it was", "written" or "would write". A running keepalived takes a change in by
`systemctl reload keepalived`. Ends with 0 when everything stands, 1 when not, 2 for a wrong call.
TEXT
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
env=/etc/ofitec/vip.env
# shellcheck source=../install-steps.sh
. "$here/../install-steps.sh"
arguments "$@"
variables vip.example.env
export NODE=${NODE:-$(hostname -s)} RUN_DIR=${RUN_DIR:-/run/ofitec-keepalived}
export SCRIPT_USER=${SCRIPT_USER:-nobody} ROUTER_ID=${ROUTER_ID:-51}
export HEALTH="${root}/usr/local/lib/ofitec/health.sh"
for name in ADDRESS PEER; do [[ ${!name:-} =~ ^[0-9a-f.:]+$ ]] || fail "$name is no address"; done
[ "$ADDRESS" != "$PEER" ] || fail 'PEER must be the other machine'
[[ ${VIP:-} =~ ^[0-9a-f.:]+/[0-9]+$ ]] || fail 'VIP must be an address with its mask, as 10.0.0.100/24'
[[ ${INTERFACE:-} =~ ^[a-z0-9.@-]+$ ]] || fail 'INTERFACE is no network card'
[[ ${PRIORITY:-} =~ ^[0-9]+$ && $PRIORITY -ge 1 && $PRIORITY -le 254 ]] || fail 'PRIORITY must be 1 to 254, another one than the peer’s'
[[ $ROUTER_ID =~ ^[0-9]+$ && $ROUTER_ID -ge 1 && $ROUTER_ID -le 255 ]] || fail 'ROUTER_ID must be 1 to 255'
if [ -n "${OFITEC_URL:-}" ]; then
  [[ $OFITEC_URL =~ ^http://127\.0\.0\.1:[0-9]+$ ]] || fail 'OFITEC_URL must be this machine, as http://127.0.0.1:3000'
  HEALTH="/usr/bin/env OFITEC_URL=$OFITEC_URL $HEALTH"
fi

if [ -z "$root" ]; then
  [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail 'must be run by root'
  packages keepalived curl python3 iproute2
fi
config=$(fill "$here/keepalived.conf")
printf '%s\n' "$config" | put /etc/keepalived/keepalived.conf 640 root:root
put /usr/local/lib/ofitec/health.sh 755 root:root <"$here/../health.sh"
put /usr/local/lib/ofitec/remove-vip.sh 755 root:root <"$here/remove-vip.sh"
put /etc/systemd/system/keepalived.service.d/ofitec.conf 644 root:root <"$here/keepalived.service.d/ofitec.conf"
# Connections to a database host that vanished end in seconds here, too.
put /etc/sysctl.d/90-ofitec-database.conf 644 root:root <"$here/../patroni/sysctl.conf"
if [ -z "$root" ]; then
  step sysctl -q --system
  step keepalived --config-test
  step systemctl daemon-reload
  step systemctl enable --quiet --now keepalived.service
fi
