"""Batches of datagrams: what the UDP server asks of its door, and the plain way of it, which every platform has.

Invariant: a reply goes to the address that asked and leaves from the address that was asked.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

BATCH = 64
"""Datagrams taken at once."""
DATAGRAM_OCTETS_MOST = 4096
"""What is longer arrives cut to this: it is no query that we could answer, and what is left of it gets its FORMERR."""
BACKLOG_MOST = 1024
"""Replies kept while the kernel's send buffer is full; what comes beyond is dropped, as the network would."""

_IP_PKTINFO = 8
_IPV4_LAYOUT = (4, 4)
_IPV6_LAYOUT = (8, 16)
_PKTINFO_OCTETS = 20
_ANCILLARY_OCTETS = socket.CMSG_SPACE(_PKTINFO_OCTETS)

Ancillary = list[tuple[int, int, bytes]]
Peer = tuple[Any, ...]
"""A peer as Python's ``socket`` writes it."""
Sender = tuple[Ancillary, Peer]
"""Where a reply goes, and what makes it leave from the address that was asked."""


class Datagrams(Protocol):
    """One UDP socket, a batch at a time: ``receive``, answer each, ``send``."""

    peers: Sequence[bytes]
    """Address octets (4 or 16) of the senders of the batch received last."""
    portless: int
    """Datagrams from source port 0, to which nothing can be sent: shown as empty packets."""

    @property
    def failed(self) -> int:
        """Replies that could not be sent."""

    def receive(self) -> Sequence[bytes]:
        """The datagrams that wait, at most 64; none when none waits."""

    def send(self, replies: Sequence[bytes]) -> bool:
        """Send one reply for each datagram received last, nothing where it is empty. False: some wait in a backlog."""

    def sender(self, index: int) -> Sender:
        """Who sent datagram ``index`` of the batch received last, for :meth:`send_to`."""

    def send_to(self, sender: Sender, reply: bytes) -> bool:
        """Send one reply later than its batch. False: some wait in a backlog."""

    def flush(self) -> bool:
        """Send what waits in the backlog, now that the socket is writable. True when nothing waits any more."""


class Backlog:
    """Replies that the kernel would not take yet, bounded; the rest is dropped and counted in ``failed``."""

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self._waiting: deque[tuple[bytes, Ancillary, Peer]] = deque()
        self.failed = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def send(self, reply: bytes, ancillary: Ancillary, peer: Peer) -> None:
        """Send behind all that waits, or wait too."""
        if len(self._waiting) < BACKLOG_MOST:
            self._waiting.append((reply, ancillary, peer))
        else:
            self.failed += 1

    def flush(self) -> bool:
        """Send until the kernel takes no more; one that cannot be sent at all is skipped. True when all are gone."""
        while self._waiting:
            reply, ancillary, peer = self._waiting[0]
            try:
                self._udp.sendmsg([reply], ancillary, 0, peer)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                self.failed += 1
            self._waiting.popleft()
        return True


def pktinfo_kind(udp: socket.socket) -> tuple[int, int] | None:
    """Level and type of the control message that tells which address was asked; None where the socket has one only."""
    if sys.platform != "linux":
        return None
    if udp.family == socket.AF_INET6:
        is_on = udp.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO)
        return (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO) if is_on else None
    return (socket.IPPROTO_IP, _IP_PKTINFO) if udp.getsockopt(socket.IPPROTO_IP, _IP_PKTINFO) else None


def without_interface(kind: tuple[int, int], pktinfo: bytes) -> bytes:
    """The same source address with no interface: a reply takes the way that the routing table says."""
    if kind[0] == socket.IPPROTO_IPV6:
        return pktinfo[:16] + bytes(4)
    return bytes(4) + pktinfo[4:]


class PlainDatagrams:
    """One system call a datagram, each way."""

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self._pktinfo = pktinfo_kind(udp)
        self._backlog = Backlog(udp)
        self._senders: list[tuple[Ancillary, Peer]] = []
        self.peers: Sequence[bytes] = ()
        self.portless = 0

    @property
    def failed(self) -> int:
        """Replies that could not be sent."""
        return self._backlog.failed

    def receive(self) -> Sequence[bytes]:
        """The datagrams that wait, at most 64."""
        packets: list[bytes] = []
        senders: list[tuple[Ancillary, Peer]] = []
        while len(packets) < BATCH:
            try:
                packet, ancillary, _, peer = self._udp.recvmsg(DATAGRAM_OCTETS_MOST, _ANCILLARY_OCTETS)
            except OSError:
                # None waits; or a fault of the socket, which the next wake-up shows again if it lasts.
                break
            if peer[1] == 0:
                self.portless += 1
                packet = b""
            packets.append(packet)
            senders.append((self._source(ancillary), peer))
        self._senders = senders
        self.peers = [socket.inet_pton(self._udp.family, peer[0].partition("%")[0]) for _, peer in senders]
        return packets

    def send(self, replies: Sequence[bytes]) -> bool:
        """Send one reply for each datagram received last."""
        for reply, (ancillary, peer) in zip(replies, self._senders, strict=True):
            if reply:
                self._backlog.send(reply, ancillary, peer)
        return self._backlog.flush()

    def sender(self, index: int) -> Sender:
        """Who sent this datagram of the batch received last."""
        return self._senders[index]

    def send_to(self, sender: Sender, reply: bytes) -> bool:
        """Send one reply later than its batch."""
        self._backlog.send(reply, *sender)
        return self._backlog.flush()

    def flush(self) -> bool:
        """Send what waits."""
        return self._backlog.flush()

    def _source(self, ancillary: Ancillary) -> Ancillary:
        """What makes a reply leave from the address that was asked."""
        kind = self._pktinfo
        if kind is None:
            return []
        return [(*kind, without_interface(kind, octets)) for level, name, octets in ancillary if (level, name) == kind]
