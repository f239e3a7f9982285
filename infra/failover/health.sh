#!/usr/bin/env bash
# Whether the OFITEC of this machine lives. Asks this machine only: the database is everybody's, and a check of it
# would take the address away from all of them at once. Bounded: 1.2 s at most.
#   0 serves   1 no answer in time   2 another answer than OFITEC's   3 about to end   4 cannot ask
set -uo pipefail
url=${OFITEC_URL:-http://127.0.0.1:3000}
nonce=$$.$RANDOM$RANDOM
ask() { curl -q -sS --noproxy '*' --connect-timeout "$1" --max-time "$1" -w '\n%{http_code}' "$url$2?nonce=$nonce" 2>/dev/null; }

answer=$(ask 0.8 /health/live)
status=$?
case $status in
  0) ;;
  # Refused, cut off, too slow: nobody serves here.
  7 | 18 | 28 | 52 | 55 | 56) exit 1 ;;
  # Also 127: there is no curl.
  *) exit 4 ;;
esac
[ "${answer##*$'\n'}" = 200 ] || exit 2
case $answer in *"\"nonce\":\"$nonce\""*) ;; *) exit 2 ;; esac

# A process that was told to end lives on for a while; clients go to the other one first. No answer here is no
# matter: readiness waits for the database, and that is not this machine's.
case $(ask 0.4 /health/ready) in *'"process":{"status":"down"'*) exit 3 ;; esac
exit 0
