"""Sixty-four datagrams a system call: ``recvmmsg`` and ``sendmmsg`` through ctypes. The hot path of the whole server.

Everything is laid out once. A batch costs one call each way and a few strided copies; a datagram costs one slice and
its share of those. Replies are joined, copied into one block and pointed at, which beats an assignment for each
(``tests/bench/bench_mmsg.py`` has the ways that were tried). A datagram that comes alone, as nearly all do where little
is asked, is not worth the strides: its turn costs a seventh less without them.

Invariant: header i of either direction has name and control i, so a reply goes back the way its question came.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import sys
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate, islice
from struct import Struct

from dnsd.server.datagrams import (
    BATCH,
    DATAGRAM_OCTETS_MOST,
    Ancillary,
    Backlog,
    Datagrams,
    Peer,
    PlainDatagrams,
    Sender,
    pktinfo_kind,
)
from dnsd.server.layout import CMSG_HEAD_OCTETS, SHAPES, Block, Headers

# One cache line more than the datagram, so that the heads of all buffers do not fall into one set of the cache.
_STRIDE = DATAGRAM_OCTETS_MOST + 64
_STARTS = range(0, BATCH * _STRIDE, _STRIDE)
_ALL: Sequence[int] = range(BATCH)
_REPLIES_OCTETS = 256 * 1024
_NO_INTERFACES = memoryview(array("I", bytes(4 * BATCH)))


def open_datagrams(udp: socket.socket) -> Datagrams:
    """The fastest door that this platform has, for a non-blocking UDP socket."""
    library = ctypes.CDLL(None, use_errno=True)
    if hasattr(library, "recvmmsg") and hasattr(library, "sendmmsg"):
        return MmsgDatagrams(udp, library)
    return PlainDatagrams(udp)


class MmsgDatagrams:
    """Batches by ``recvmmsg`` and ``sendmmsg``."""

    def __init__(self, udp: socket.socket, library: ctypes.CDLL) -> None:
        self._descriptor = udp.fileno()
        self._family = socket.AddressFamily(udp.family)
        self._recvmmsg, self._sendmmsg = _call(library.recvmmsg, 5), _call(library.sendmmsg, 4)
        self._backlog = Backlog(udp)
        self._unsendable = 0
        self.portless = 0
        self._lay_out(pktinfo_kind(udp))

    def _lay_out(self, pktinfo: tuple[int, int] | None) -> None:
        shape = SHAPES[self._family]
        self._names = Block(BATCH, shape.name)
        self._ports = self._names.words("H", 2)
        self._peer_structs = [Struct(shape.peer_format * count) for count in range(BATCH + 1)]
        self.peers: Sequence[bytes] = ()
        self._pktinfo = pktinfo
        controls = Block(BATCH, socket.CMSG_SPACE(shape.pktinfo)) if pktinfo else None
        self._controls = controls
        if controls is not None:
            self._interfaces = controls.words("I", CMSG_HEAD_OCTETS + shape.interface)
            self._control_lengths = memoryview(array("L", [controls.octets] * BATCH))
        self._in, self._out = Headers(self._names, controls), Headers(self._names, controls)
        self._packets = Block(BATCH, _STRIDE)
        self._in.bases[:] = self._packets.addresses
        self._in.lengths[:] = array("L", [DATAGRAM_OCTETS_MOST] * BATCH)
        self._replies = Block(1, _REPLIES_OCTETS)
        self._pointed: Sequence[int] = _ALL

    @property
    def failed(self) -> int:
        """Replies that could not be sent."""
        return self._unsendable + self._backlog.failed

    def receive(self) -> Sequence[bytes]:
        """The datagrams that wait, at most 64."""
        count = self._recvmmsg(self._descriptor, self._in.address(0), BATCH, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return ()
        memory = self._packets.memory
        if count == 1:
            received, ports = [memory[: self._in.received[0]]], [self._ports[0]]
        else:
            lengths = self._in.received[:count].tolist()
            received = [memory[start : start + length] for start, length in zip(_STARTS, lengths, strict=False)]
            ports = self._ports[:count].tolist()
        self.peers = self._peer_structs[count].unpack_from(self._names.memory)
        if self._controls is not None:
            # A reply takes the way that the routing table says, not the interface that its question came by.
            self._interfaces[:count] = _NO_INTERFACES[:count]
            self._in.control_lengths[:count] = self._control_lengths[:count]
        if 0 in ports:
            self._empty_portless(received, ports)
        return received

    def send(self, replies: Sequence[bytes]) -> bool:
        """Send one reply for each datagram received last."""
        is_alone = len(replies) == 1 and self._pointed is _ALL
        count, joined = self._lay_one(replies[0]) if is_alone else self._lay(replies)
        self._transmit(count, joined)
        return not self._backlog

    def _lay(self, replies: Sequence[bytes]) -> tuple[int, bytes]:
        """Put the replies where the headers point; returns how many are not empty, and all of them joined."""
        lengths = list(map(len, replies))
        if 0 in lengths:
            self._point_at([index for index, length in enumerate(lengths) if length])
            lengths = [length for length in lengths if length]
        elif self._pointed is not _ALL:
            self._point_at(_ALL)
        count = len(lengths)
        joined = b"".join(replies)
        self._copy(joined)
        self._out.lengths[:count] = array("L", lengths)
        starts = accumulate(lengths, initial=self._replies.addresses[0])
        self._out.bases[:count] = array("L", islice(starts, count))
        return count, joined

    def _lay_one(self, reply: bytes) -> tuple[int, bytes]:
        """The same for the only reply."""
        self._copy(reply)
        self._out.lengths[0], self._out.bases[0] = len(reply), self._replies.addresses[0]
        return bool(reply), reply

    def _copy(self, joined: bytes) -> None:
        if len(joined) > self._replies.octets:
            self._replies = Block(1, len(joined))
        self._replies.memory[: len(joined)] = joined

    def sender(self, index: int) -> Sender:
        """Who sent this datagram of the batch received last."""
        return self._ancillary(index), self._peer(index)

    def send_to(self, sender: Sender, reply: bytes) -> bool:
        """Send one reply later than its batch."""
        self._backlog.send(reply, *sender)
        return self._backlog.flush()

    def flush(self) -> bool:
        """Send what waits."""
        return self._backlog.flush()

    def _transmit(self, count: int, joined: bytes) -> None:
        """Send the first ``count`` headers. One that cannot be sent stops the call and is skipped by the next."""
        done = 0
        while done < count:
            sent = self._sendmmsg(self._descriptor, self._out.address(done), count - done, socket.MSG_DONTWAIT)
            if sent > 0:
                done += sent
            elif (code := ctypes.get_errno()) in (errno.EAGAIN, errno.EWOULDBLOCK):
                self._wait(done, count, joined)
                return
            elif code != errno.EINTR:
                self._unsendable += 1
                done += 1

    def _wait(self, start: int, end: int, joined: bytes) -> None:
        """Hand what the kernel did not take to the backlog, because the next batch overwrites all buffers."""
        offset = sum(self._out.lengths[:start])
        for index in range(start, end):
            length = self._out.lengths[index]
            slot = self._pointed[index]
            self._backlog.send(joined[offset : offset + length], self._ancillary(slot), self._peer(slot))
            offset += length

    def _point_at(self, slots: Sequence[int]) -> None:
        """Make the first headers go to the peers of these slots, because some get no reply."""
        self._pointed = slots
        addresses = self._names.addresses
        self._out.names[: len(slots)] = array("L", [addresses[slot] for slot in slots])
        if self._controls is not None:
            addresses = self._controls.addresses
            self._out.controls[: len(slots)] = array("L", [addresses[slot] for slot in slots])

    def _empty_portless(self, received: list[bytes], ports: list[int]) -> None:
        for index, port in enumerate(ports):
            if port == 0:
                received[index] = b""
                self.portless += 1

    def _peer(self, slot: int) -> Peer:
        name = self._names.piece(slot)
        port = int.from_bytes(name[2:4])
        if self._family == socket.AF_INET:
            return socket.inet_ntop(self._family, name[4:8]), port
        scope = int.from_bytes(name[24:28], sys.byteorder)
        return socket.inet_ntop(self._family, name[8:24]), port, 0, scope

    def _ancillary(self, slot: int) -> Ancillary:
        if self._controls is None or self._pktinfo is None:
            return []
        octets = SHAPES[self._family].pktinfo
        return [(*self._pktinfo, self._controls.piece(slot)[CMSG_HEAD_OCTETS : CMSG_HEAD_OCTETS + octets])]


def _call(function: Callable[..., int], arguments: int) -> Callable[..., int]:
    """``recvmmsg`` or ``sendmmsg`` with its C types."""
    kinds = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
    function.argtypes = kinds[:arguments]  # type: ignore[attr-defined]
    function.restype = ctypes.c_int  # type: ignore[attr-defined]
    return function
