# shellcheck shell=bash disable=SC2154
# The steps of infra/install.sh beside those of failover/install-steps.sh; each leaves alone what is as it should be.
declare -A known=() fresh=()

has_systemd() { [ -d /run/systemd/system ]; }

check_host() {
  [ -r /etc/os-release ] || fail 'this is no Debian: /etc/os-release is missing'
  local os version
  os=$(sed -n 's/^ID=//p' /etc/os-release | tr -d '"')
  version=$(sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"')
  [ "$os" = debian ] || fail "this is ${os:-unknown}, not Debian: see infra/container for everything else"
  [ "${version%%.*}" -ge 12 ] 2>/dev/null || fail "Debian ${version:-of unknown age} is too old: 12 or newer"
  case $(uname -m) in x86_64 | aarch64) ;; *) fail "no Node is shipped for $(uname -m)" ;; esac
  command -v systemctl >/dev/null || fail 'systemd is missing: the units need it'
  [ "$(id -u)" = 0 ] || fail 'must be run by root'
}

# put_once NAME LINE: a file of settings that is yours from then on.
put_once() {
  if [ -e "$settings/$1" ]; then say 'as it was' "$settings/$1"; else printf '%s\n' "$2" | put "$settings/$1" 600 root:root; fi
}
folder() {
  if [ -d "$1" ] && [ "$(stat -c '%a %U:%G' "$1")" = "$2 $3" ]; then say 'as it was' "$1"; else
    step install -d -m "$2" -o "${3%%:*}" -g "${3##*:}" "$1"
  fi
}
# link NAME TARGET: what is in use stays in use, unless --activate or --to says otherwise.
link() {
  local is=''
  [ ! -L "$1" ] || is=$(readlink "$1")
  # Of a run that was killed before it had its name.
  [ ! -L "$1.new" ] || step rm -f "$1.new"
  if [ "$is" = "$2" ]; then say 'as it was' "$1 -> $2"; return; fi
  if [ -n "$is" ] && [ -z "$activate" ] && [ "${1##*/}" != "$to" ]; then say 'stays' "$1 -> $is (--activate, or \`ofitec release\`, changes it)"; return; fi
  [ -z "$dry" ] || { say 'would link' "$1 -> $2"; return; }
  ln -sfn "$2" "$1.new"
  mv -fT "$1.new" "$1"
  changed+=" ${1##*/} "
  say written "$1 -> $2"
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ]; then say 'as it was' "package $package"; else missing+=("$package"); fi
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  step env DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends "${missing[@]}"
}

put_release() {
  if [ -f "$from/release.json" ]; then
    rm -rf "$1.part"
    cp -a "$from" "$1.part"
    mv -T "$1.part" "$1"
  else
    "$node" "$from/src/bin/pack.mjs" --to "$1"
  fi
  chown -R root:root "$1"
  chmod -R go-w "$1"
}

# value_of FILE KEY: in the dialect of decision 0059, KEY='value'.
value_of() { sed -n "s/^$2=//p" "$1" | tail -n 1 | sed -e "s/^'\(.*\)'\$/\1/" -e 's/^"\(.*\)"$/\1/'; }
read_settings() {
  local name file value
  for name in ALLOWED_HOSTS DATABASE_URL DATABASE_OWNER_URL HOST METRICS_TOKEN NODE_ENV OFITEC_HOME OFITEC_WORKER SECRET_KEY TRUSTED_PROXIES; do
    for file in "$settings/ofitec.env" "$settings/owner.env"; do
      [ -r "$file" ] || continue
      value=$(value_of "$file" "$name")
      [ -z "$value" ] || known[$name]=$value
    done
    [ -z "${known[$name]:-}" ] || continue
    value=${!name:-}
    [ -n "$value" ] || continue
    check_value "$name" "$value"
    known[$name]=$value fresh[$name]=$value
  done
}
check_value() { case $2 in *[\'\"\\\`\$]* | *[[:cntrl:]]*) fail "$1 may hold no quote, backslash, dollar sign or line end" ;; esac; }
ask() {
  local value=''
  [ -t 0 ] || fail "$1 is not set: $2. Say $1=… before the command."
  read -rp "$1, $2: " value
  [ -n "$value" ] || fail "$1 is needed"
  check_value "$1" "$value"
  known[$1]=$value fresh[$1]=$value
}
default() { [ -n "${known[$1]:-}" ] || fresh[$1]=$2; }
# secret BYTES: random, in letters that every reader of such files and of URLs takes as they are.
secret() { head -c "$1" /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '='; }
# put_settings FILE KEYS…: adds the keys that are missing, and never changes one.
put_settings() {
  local file=$settings/$1 key text='' added=''
  shift
  [ ! -e "$file" ] || text=$(cat "$file")
  for key in "$@"; do
    [ -n "${fresh[$key]:-}" ] || continue
    text+=${text:+$'\n'}"$key='${fresh[$key]}'"
    added+=" $key"
  done
  if [ -z "$added" ]; then
    [ "$(stat -c '%a' "$file" 2>/dev/null)" = 600 ] && { say 'as it was' "$file"; return; }
    step chmod 600 "$file"
    return
  fi
  [ -z "$dry" ] || { say 'would write' "$file:$added"; return; }
  printf '%s\n' "$text" | put "$file" 600 root:root
}

local_port() {
  local port=''
  port=$(pg_lsclusters -h 2>/dev/null | awk 'NR == 1 { print $3 }')
  printf '%s' "${port:-5432}"
}
as_postgres() { (cd / && runuser -u postgres -- "$@"); }
ask_postgres() { as_postgres psql -p "$port" -XAtqc "$1"; }
url_part() { printf '%s' "$1" | sed -E "s|^postgres(ql)?://([^:]+):([^@]*)@([^:/]+):([0-9]+)/(.+)\$|\\$2|"; }
database_answers() { as_postgres pg_isready -q -p "$port"; }
start_database() {
  local version cluster _
  read -r version cluster _ <<<"$(pg_lsclusters -h | head -n 1)"
  [ -n "$version" ] || fail 'PostgreSQL is installed and has no cluster: pg_createcluster'
  if has_systemd; then systemctl start "postgresql@$version-$cluster"; else pg_ctlcluster "$version" "$cluster" start; fi
  local tries=0
  until database_answers; do
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || fail 'PostgreSQL does not answer'
    sleep 0.2
  done
}
prepare_database() {
  if [ -n "$dry" ] && ! command -v pg_lsclusters >/dev/null; then
    say 'would run' 'roles.sql'
    return
  fi
  if database_answers; then say 'as it was' "PostgreSQL on port $port"; else step start_database; fi
  if [ -n "$dry" ] && ! database_answers; then
    say 'would run' 'roles.sql'
    return
  fi
  local url=${known[DATABASE_URL]:-${fresh[DATABASE_URL]}} owner=${known[DATABASE_OWNER_URL]:-${fresh[DATABASE_OWNER_URL]}}
  local database has
  database=$(url_part "$url" 6)
  has=$(ask_postgres "SELECT (SELECT count(*) FROM pg_roles WHERE rolname IN ('ofitec_owner', 'ofitec_app', 'ofitec_readonly')) || ' ' || (SELECT count(*) FROM pg_database WHERE datname = '$database')")
  case $has in
    '3 1') say 'as it was' "roles and database $database" ;;
    '0 0') step roles "$database" ;;
    *) fail "roles and database $database are there in part: finish infra/postgresql/roles.sql by hand" ;;
  esac
  [ -n "$dry" ] && return
  login "$url"
  login "$owner"
}
roles() { as_postgres psql -p "$port" -Xq -v ON_ERROR_STOP=1 -v "database=$1" <"$here/postgresql/roles.sql"; }
# login URL: the role has the password of the settings. It goes by a variable and by the input, never by an argument.
login() {
  local role password
  role=$(url_part "$1" 2) password=$(url_part "$1" 3)
  if PGPASSWORD=$password PGCONNECT_TIMEOUT=10 psql -h 127.0.0.1 -p "$port" -U "$role" -d "$(url_part "$1" 6)" -XAtqc 'SELECT 1' >/dev/null 2>&1; then
    say 'as it was' "login of $role"
    return
  fi
  printf "ALTER ROLE %s PASSWORD '%s';\n" "$role" "$password" | as_postgres psql -p "$port" -Xq -v ON_ERROR_STOP=1
  say written "password of $role"
}

migrate() {
  [ -z "$dry" ] || { say 'would run' 'ofitec migrate'; return; }
  local said applied
  # What it adds leaves older code at work; a colour that is to serve needs it before.
  said=$(OFITEC_FOLDER=$home/${to:-current} sh "$here/install/ofitec.sh" migrate --json) || fail "the database cannot be migrated: $said"
  applied=$(printf '%s' "$said" | sed -n 's/.*"applied": *\([0-9]*\).*/\1/p')
  if [ "$applied" = 0 ]; then say 'as it was' 'the database is up to date'; else say 'done' "ofitec migrate: $applied steps"; fi
}

start_units() {
  local unit uses
  if ! has_systemd; then
    for unit in "${started[@]}"; do
      if is_enabled "$unit"; then say 'as it was' "$unit is enabled"; else step systemctl enable --quiet "$unit"; fi
    done
    say 'not started' 'systemd does not run here; the units start with it'
    return
  fi
  step systemctl daemon-reload
  step /lib/systemd/systemd-sysctl /etc/sysctl.d/90-ofitec-database.conf
  for unit in "${started[@]}"; do
    if is_enabled "$unit" && systemctl is-active --quiet "$unit"; then
      case $unit in *@blue.*) uses=blue ;; *) uses=current ;; esac
      if [[ $changed == *" $uses "* ]]; then step systemctl restart "$unit"; else say 'as it was' "$unit runs"; fi
    else
      step systemctl enable --quiet --now "$unit"
    fi
  done
}
is_enabled() { systemctl is-enabled --quiet "$1" 2>/dev/null; }

remove_everything() {
  local file name
  for file in "$units_to"/ofitec*.service "$units_to"/ofitec*.timer "$units_to"/ofitec*.path; do
    [ -e "$file" ] || continue
    name=${file##*/}
    # Those of the failover have installers of their own.
    [ -e "$here/systemd/$name" ] || continue
    sweep "$file"
    case $name in
      *@.service) for name in ofitec@blue.service ofitec@green.service; do stop_unit "$name"; done ;;
      *) stop_unit "$name" ;;
    esac
    step rm -f "$file"
  done
  has_systemd && step systemctl daemon-reload
  for file in /usr/local/sbin/ofitec "$home"; do
    if [ -e "$file" ]; then step rm -rf "$file"; else say 'as it was' "$file is not there"; fi
  done
  say 'stays' "$settings, $state, the user $user and the database: remove them by hand, after a backup"
}
stop_unit() {
  if has_systemd; then step systemctl disable --quiet --now "$1"; elif is_enabled "$1"; then step systemctl disable --quiet "$1"; fi
}
