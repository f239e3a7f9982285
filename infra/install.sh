#!/usr/bin/env bash
# Makes this Debian host a server of OFITEC, and says what it found. Run it again as often as you like.
set -euo pipefail
usage() {
  cat <<'TEXT'
infra/install.sh [--dry-run] [--activate | --to NAME] [--from FOLDER]
infra/install.sh --uninstall [--dry-run]

  --dry-run      say what would change; change nothing
  --activate     when another release is in use: use this one, and restart (a few seconds without service;
                 `ofitec release` switches without any)
  --to NAME      when another release is in use: let NAME alone use this one, blue or green (a server) or current
                 (worker, timers, command), and apply what it adds to the database; what serves goes on
  --from FOLDER  a built checkout or an unpacked release; the one that this script is in unless told
  --uninstall    stop and remove units, command and releases; settings, data, database and user stay
  --help         this

Settings are asked for, or taken from the environment of this command: ALLOWED_HOSTS (needed), TRUSTED_PROXIES,
DATABASE_URL with DATABASE_OWNER_URL (else PostgreSQL of Debian is installed here). What stands in
/etc/ofitec/*.env is never changed. Each step is one line: "as it was", "written", "done" or "would …".
Ends with 0 when everything stands, 1 when something cannot be done, 2 for a wrong call.
TEXT
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=failover/install-steps.sh
. "$here/failover/install-steps.sh"
dry='' activate='' to='' uninstall='' from=$(dirname "$here")
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --activate) activate=yes ;;
    --to)
      case ${2:-} in blue | green | current) to=$2 ;; *) usage >&2; exit 2 ;; esac
      shift
      ;;
    --uninstall) uninstall=yes ;;
    --from)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      from=$(cd "$2" && pwd) || exit 1
      shift
      ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
[ -z "$activate" ] || [ -z "$to" ] || { usage >&2; exit 2; }
# shellcheck source=install/parts.sh
. "$here/install/parts.sh"

user=ofitec home=/opt/ofitec settings=/etc/ofitec state=/var/lib/ofitec
units_to=/etc/systemd/system
# What runs from the first day; the others are enabled by whoever sets up what they are for.
started=(ofitec@blue.service ofitec-worker.service ofitec-alert-check.timer ofitec-csp-digest.timer)

check_host
[ -z "$uninstall" ] || { remove_everything; exit 0; }
node=$from/node_modules/.bin/node
[ -x "$node" ] || fail "$from has no node_modules: run \`node src/bin/prepare.mjs\` there, or unpack a release"
umask 022

# Settings first: what is missing is said before anything is changed.
read_settings
[ -n "${known[ALLOWED_HOSTS]:-}" ] || ask ALLOWED_HOSTS 'host names by which OFITEC is reached, by commas (erp.example.cl)'
[ -z "${known[DATABASE_URL]:-}" ] || [ -n "${known[DATABASE_OWNER_URL]:-}" ] || fail 'DATABASE_URL without DATABASE_OWNER_URL: nobody could migrate'
local_database=''
case ${known[DATABASE_URL]:-} in '' | *@127.0.0.1:*) local_database=yes ;; esac

# --- the machine
[ -z "$local_database" ] || install_packages postgresql
if id "$user" >/dev/null 2>&1; then say 'as it was' "user $user"; else
  step useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
fi
folder "$home" 755 root:root
folder "$home/releases" 755 root:root
folder "$settings" 755 root:root
folder "$state" 750 "$user:$user"
put /etc/sysctl.d/90-ofitec-database.conf 644 root:root <"$here/failover/patroni/sysctl.conf"

# --- the release
if [ -f "$from/release.json" ]; then
  release=$(sed -n 's/.*"id": *"\([A-Za-z0-9.-]*\)".*/\1/p' "$from/release.json")
else
  release=$("$node" "$from/src/bin/pack.mjs" --id)
fi
[ -n "$release" ] || fail "$from/release.json names no release"
if [ -d "$home/releases/$release" ]; then say 'as it was' "$home/releases/$release"; else
  step put_release "$home/releases/$release"
fi
changed=''
for name in current blue green; do link "$home/$name" "releases/$release"; done

# --- settings; those that are there stay
if [ -n "$local_database" ]; then
  port=$(local_port)
  [ -n "${known[DATABASE_URL]:-}" ] || fresh[DATABASE_URL]="postgres://ofitec_app:$(secret 24)@127.0.0.1:$port/ofitec"
  [ -n "${known[DATABASE_OWNER_URL]:-}" ] || fresh[DATABASE_OWNER_URL]="postgres://ofitec_owner:$(secret 24)@127.0.0.1:$port/ofitec"
fi
[ -n "${known[SECRET_KEY]:-}" ] || fresh[SECRET_KEY]=$(secret 48)
[ -n "${known[METRICS_TOKEN]:-}" ] || fresh[METRICS_TOKEN]=$(secret 32)
default NODE_ENV production
default HOST 127.0.0.1
default TRUSTED_PROXIES 127.0.0.1
default OFITEC_HOME "$state"
default OFITEC_WORKER separate
put_settings ofitec.env ALLOWED_HOSTS DATABASE_URL HOST METRICS_TOKEN NODE_ENV OFITEC_HOME OFITEC_WORKER SECRET_KEY TRUSTED_PROXIES
put_settings owner.env DATABASE_OWNER_URL
put_once blue.env "PORT='3001'"
put_once green.env "PORT='3002'"
put_once worker.env "METRICS_BIND='127.0.0.1:9465'"

# --- the database
[ -z "$local_database" ] || prepare_database
migrate

# --- units and command
put /usr/local/sbin/ofitec 755 root:root <"$here/install/ofitec.sh"
for file in "$here"/systemd/*.service "$here"/systemd/*.timer "$here"/systemd/*.path; do
  put "$units_to/${file##*/}" 644 root:root <"$file"
done
start_units
say 'release' "$release"
