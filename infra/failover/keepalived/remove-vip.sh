#!/usr/bin/env bash
# Takes the address off this machine: a keepalived that was killed leaves it there, and two machines answer then.
# 0 when it is gone, also if it was never there; 1 when it cannot be taken off; 2 without configuration.
set -uo pipefail
[ -n "${VIP:-}" ] && [ -n "${INTERFACE:-}" ] || { echo 'remove-vip.sh: VIP or INTERFACE is not set' >&2; exit 2; }
# Without `ip` nobody knows, and not knowing is not gone.
command -v ip >/dev/null || { echo 'remove-vip.sh: there is no ip' >&2; exit 1; }
# `to` compares addresses, not how they are written: 2001:db8:0::1 is 2001:db8::1.
held() { [ -n "$(ip -o addr show dev "$INTERFACE" to "${VIP%/*}")" ]; }
held || exit 0
ip addr del "$VIP" dev "$INTERFACE" 2>/dev/null
# VRRP version 3 adds it with a mask of its own where none was told.
case $VIP in *:*) single=128 ;; *) single=32 ;; esac
if held; then ip addr del "${VIP%/*}/$single" dev "$INTERFACE" 2>/dev/null; fi
if held; then exit 1; fi
exit 0
