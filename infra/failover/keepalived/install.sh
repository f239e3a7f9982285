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
dry='' root='' env=/etc/ofitec/vip.env
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --root | --env)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      if [ "$1" = --root ]; then root=${2%/}; else env=$2; fi
      shift
      ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
say() { printf '%-14s%s\n' "$1" "$2"; }
fail() { printf 'install.sh: %s\n' "$1" >&2; exit 1; }

[ -r "$env" ] || fail "$env cannot be read; begin with vip.example.env"
set -a
# shellcheck disable=SC1090
. "$env"
set +a
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

# put TARGET MODE: what comes in, if it differs.
put() {
  local target=$root$1 mode=$2 content part
  content=$(cat; printf x)
  if [ -f "$target" ] && [ "$(cat "$target"; printf x)" = "$content" ]; then
    say 'as it was' "$target"
    return
  fi
  [ -n "$dry" ] && { say 'would write' "$target"; return; }
  mkdir -p "$(dirname "$target")"
  part=$(mktemp "$target.XXXXXX")
  printf '%s' "${content%x}" >"$part"
  chmod "$mode" "$part"
  mv -f "$part" "$target"
  say written "$target"
}
fill() { /usr/bin/python3 -c 'import os,string,sys; sys.stdout.write(string.Template(open(sys.argv[1]).read()).substitute(os.environ))' "$1"; }
step() {
  if [ -n "$dry" ]; then say 'would run' "$*"; else "$@" && say done "$*"; fi
}

if [ -z "$root" ]; then
  [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail 'must be run by root'
  missing=()
  for package in keepalived curl python3 iproute2; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    step env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
  fi
fi
config=$(fill "$here/keepalived.template.conf")
printf '%s\n' "$config" | put /etc/keepalived/keepalived.conf 640
put /usr/local/lib/ofitec/health.sh 755 <"$here/health.sh"
put /usr/local/lib/ofitec/remove-vip.sh 755 <"$here/remove-vip.sh"
put /etc/systemd/system/keepalived.service.d/ofitec.conf 644 <"$here/keepalived.service.d/ofitec.conf"
# Connections to a database host that vanished end in seconds here, too.
put /etc/sysctl.d/90-ofitec-database.conf 644 <"$here/../patroni/sysctl.conf"
if [ -z "$root" ]; then
  step sysctl -q --system
  step keepalived --config-test
  step systemctl daemon-reload
  step systemctl enable --quiet --now keepalived.service
fi
