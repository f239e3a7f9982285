# What the installers share, ../install.sh too; each reads it with `.`, after it has defined `usage` and set `here`. It is in
# this folder because this folder is what is copied to a host of the database alone. Those here set `env` as well.
dry='' root=''
# When this run began; what is older and half made is of one that was killed.
began=@${EPOCHREALTIME/,/.}

# arguments "$@": the options of every installer.
arguments() {
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
}
say() { printf '%-14s%s\n' "$1" "$2"; }
fail() { printf 'install.sh: %s\n' "$1" >&2; exit 1; }

# variables EXAMPLE: those of the file, for templates too.
variables() {
  [ -r "$env" ] || fail "$env cannot be read; begin with $1"
  set -a
  # shellcheck disable=SC1090
  . "$env"
  set +a
}

# Half made files carry a name that nobody gives by hand, begins with a dot so that no program takes them for a setting,
# and says whose they are: .NAME.install-PROCESS-XXXXXX.
part_of() { printf '%s/.%s.install-' "$(dirname "$1")" "$(basename "$1")"; }
# sweep TARGET: removes what runs that were killed left half made beside it; not those of a run that goes on.
sweep() {
  local start left process
  start=$(part_of "$1")
  for left in "$start"*; do
    [[ ${left#"$start"} =~ ^([0-9]+)-[A-Za-z0-9]{6}$ ]] && [ -f "$left" ] && [ ! -L "$left" ] || continue
    process=${BASH_REMATCH[1]}
    [ -z "$(find "$left" -newermt "$began")" ] && ! kill -0 "$process" 2>/dev/null || continue
    step rm -f "$left"
  done
}
# put TARGET MODE OWNER: what comes in, if it differs.
put() {
  local target=$root$1 mode=$2 owner=$3 content part
  content=$(cat; printf x)
  sweep "$target"
  if [ -f "$target" ] && [ "$(cat "$target"; printf x)" = "$content" ]; then
    say 'as it was' "$target"
    return
  fi
  [ -n "$dry" ] && { say 'would write' "$target"; return; }
  mkdir -p "$(dirname "$target")"
  part=$(mktemp "$(part_of "$target")$$-XXXXXX")
  printf '%s' "${content%x}" >"$part"
  chmod "$mode" "$part"
  chown "$owner" "$part"
  mv -f "$part" "$target"
  say written "$target"
}
# A variable that a template names and nobody set is a fault, never an empty text.
fill() { /usr/bin/python3 -c 'import os,string,sys; sys.stdout.write(string.Template(open(sys.argv[1]).read()).substitute(os.environ))' "$1"; }
step() {
  if [ -n "$dry" ]; then say 'would run' "$*"; else "$@" && say done "$*"; fi
}

# packages NAME…: installs those of Debian's that are missing; nothing of them starts by itself.
packages() {
  local missing=() package
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  step env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}
