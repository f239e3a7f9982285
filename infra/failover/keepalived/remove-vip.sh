#!/usr/bin/env bash
# Takes the address off this machine: a keepalived that was killed leaves it there, and two machines answer then.
# 0 when it is gone, also if it was never there; 1 when it cannot be taken off; 2 without configuration.
set -uo pipefail
[ -n "${VIP:-}" ] && [ -n "${INTERFACE:-}" ] || { echo 'remove-vip.sh: VIP or INTERFACE is not set' >&2; exit 2; }
held() { ip -o addr show dev "$INTERFACE" | grep -qF " ${VIP%/*}/"; }
held || exit 0
ip addr del "$VIP" dev "$INTERFACE" 2>/dev/null
# VRRP version 3 adds it with a mask of its own where none was told.
if held; then ip addr del "${VIP%/*}/32" dev "$INTERFACE" 2>/dev/null; fi
if held; then exit 1; fi
exit 0
