"""What a host sends arrives later: packets that are routed to a tunnel of ours leave by its card after MS milliseconds.

Call: delay.py CARD MS MARK. What we send ourselves bears the mark, and is not routed here again.
"""
import fcntl
import os
import select
import socket
import struct
import sys
import time
from collections import deque

card, delay, mark = sys.argv[1], float(sys.argv[2]) / 1000, int(sys.argv[3])
tunnel = os.open("/dev/net/tun", os.O_RDWR)
# TUNSETIFF; a tunnel of IP packets without a header of its own: IFF_TUN | IFF_NO_PI.
fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH", b"slow0", 0x1001))
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
out.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, card.encode())
print("ready", flush=True)
waiting = deque()
while True:
    rest = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
    if select.select([tunnel], [], [], rest)[0]:
        packet = os.read(tunnel, 65536)
        if packet[0] >> 4 == 4:
            waiting.append((time.monotonic() + delay, packet))
    while waiting and waiting[0][0] <= time.monotonic():
        packet = waiting.popleft()[1]
        try:
            out.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
        except OSError:
            # As on a wire: what does not get through is sent again by who wants it to.
            pass
