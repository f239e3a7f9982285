#!/usr/bin/env bash
# Makes this machine a database host of OFITEC: etcd, Patroni, PostgreSQL's settings. Run it again after every change.
set -euo pipefail
usage() {
  cat <<'TEXT'
install.sh [--dry-run] [--root FOLDER] [--env FILE]

  --dry-run      say what would change; change nothing
  --root FOLDER  write the files below this folder, and neither install packages nor start anything
  --env FILE     the variables; /etc/ofitec/cluster.env unless told (see cluster.example.env)
  --help         this

Says one line a step: "as it was", "written" or "would write". Restarts nothing that runs: a change of
patroni.yml is taken in by `systemctl reload ofitec-patroni`, one of etcd.env by a restart, one host at a time.
Ends with 0 when everything stands, 1 when something cannot be done, 2 for a wrong call.
TEXT
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
env=/etc/ofitec/cluster.env
# shellcheck source=../install-steps.sh
. "$here/../install-steps.sh"
arguments "$@"
variables cluster.example.env
export NODE=${NODE:-$(hostname -s)} POSTGRESQL_BIN=${POSTGRESQL_BIN:-/usr/lib/postgresql/15/bin}
export DATA_DIR=${DATA_DIR:-/var/lib/postgresql/15/ofitec} RUN_DIR=${RUN_DIR:-/run/ofitec-patroni}
export ETCD_DIR=${ETCD_DIR:-/var/lib/ofitec-etcd/data} WATCHDOG_MODE=${WATCHDOG_MODE:-required}
ADDRESS='' ETCD_HOSTS='' ETCD_CLUSTER='' MEMBERS_JSON='' ETCD_JSON='' count=0
for member in ${NODES:-}; do
  name=${member%%=*} address=${member#*=}
  [[ $name =~ ^[a-z0-9-]+$ && $address =~ ^[0-9a-f.:]+$ && $member == *=* ]] || fail "NODES holds $member, not name=address"
  [ "$name" = "$NODE" ] && ADDRESS=$address
  ETCD_HOSTS+=${ETCD_HOSTS:+,}$address:2379
  ETCD_CLUSTER+=${ETCD_CLUSTER:+,}$name=http://$address:2380
  MEMBERS_JSON+=${MEMBERS_JSON:+, }\"$name\"
  ETCD_JSON+=${ETCD_JSON:+, }\"http://$address:2379\"
  count=$((count + 1))
done
[ "$count" -ge 3 ] || fail 'NODES must name three members or more: two cannot tell who of them is dead'
[ -n "$ADDRESS" ] || fail "NODES does not name this host, $NODE"
MEMBERS_JSON="[$MEMBERS_JSON]" ETCD_JSON="[$ETCD_JSON]"
export ADDRESS ETCD_HOSTS ETCD_CLUSTER MEMBERS_JSON ETCD_JSON
for name in SUPERUSER_PASSWORD REPLICATION_PASSWORD REWIND_PASSWORD REST_PASSWORD ETCD_TOKEN; do
  [[ ${!name:-} =~ ^[A-Za-z0-9._~-]{16,}$ ]] || fail "$name must be 16 or more of A-Z a-z 0-9 . _ ~ -"
done
for name in SCOPE NETWORK CLIENT_NETWORK ARCHIVE_COMMAND RESTORE_COMMAND; do
  [ -n "${!name:-}" ] || fail "$name is not set"
  case ${!name} in *"'"*) fail "$name may hold no single quote" ;; esac
done
case $WATCHDOG_MODE in
  required) ;;
  automatic | off) say 'WARNING' "the watchdog is $WATCHDOG_MODE: for trying out only" ;;
  *) fail "WATCHDOG_MODE is $WATCHDOG_MODE, not required, automatic or off" ;;
esac

if [ -z "$root" ]; then
  [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail 'must be run by root'
  # Debian would make and start a PostgreSQL of its own.
  printf 'create_main_cluster = false\n' | put /etc/postgresql-common/createcluster.conf 644 root:root
  packages postgresql-15 etcd-server etcd-client python3-venv
  mark=/opt/ofitec-patroni/$(sha256sum "$here/requirements.txt" | cut -c1-12)
  if [ -e "$mark" ]; then
    say 'as it was' /opt/ofitec-patroni
  else
    step /usr/bin/python3 -m venv --clear /opt/ofitec-patroni
    step /opt/ofitec-patroni/bin/pip install --quiet --require-hashes --only-binary :all: --no-binary python-etcd,ydiff -r "$here/requirements.txt"
    step touch "$mark"
  fi
fi
patroni=$(fill "$here/patroni.template.yml")
etcd=$(fill "$here/etcd.template.env")
guard=$(fill "$here/guard.json.template")
printf '%s\n' "$patroni" | put /etc/ofitec/patroni.yml 640 root:postgres
printf '%s\n' "$etcd" | put /etc/ofitec/etcd.env 644 root:root
printf '%s\n' "$guard" | put /etc/ofitec/guard.json 600 root:root
put /usr/local/lib/ofitec/wal.sh 755 root:root <"$here/wal.sh"
put /etc/sysctl.d/90-ofitec-database.conf 644 root:root <"$here/sysctl.conf"
put /etc/udev/rules.d/90-ofitec-watchdog.rules 644 root:root <"$here/90-ofitec-watchdog.rules"
printf 'softdog\n' | put /etc/modules-load.d/ofitec-watchdog.conf 644 root:root
for unit in ofitec-etcd ofitec-patroni ofitec-guard; do
  put "/etc/systemd/system/$unit.service" 644 root:root <"$here/$unit.service"
done
if [ -z "$root" ]; then
  step install -d -o postgres -g postgres -m 700 "$(dirname "$DATA_DIR")"
  step modprobe softdog
  step udevadm control --reload
  step udevadm trigger --sysname-match=watchdog
  step sysctl -q --system
  step systemctl daemon-reload
  step systemctl mask --quiet postgresql.service etcd.service
  step systemctl enable --quiet --now ofitec-etcd.service
  step systemctl enable --quiet --now ofitec-patroni.service
  step systemctl enable --quiet --now ofitec-guard.service
fi
