"""The memory that ``recvmmsg`` and ``sendmmsg`` work on: blocks that stay where they are, and headers on them."""

from __future__ import annotations

import ctypes
import mmap
import socket
from array import array
from dataclasses import dataclass
from typing import Literal

CMSG_HEAD_OCTETS = socket.CMSG_LEN(0)


class _IoVector(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """``struct msghdr`` of recvmsg(2)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vector", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Header(ctypes.Structure):
    """``struct mmsghdr`` of recvmmsg(2). The message comes first, so its offsets are the header's."""

    _fields_ = (("message", _Message), ("length", ctypes.c_uint))


HEADER_OCTETS = ctypes.sizeof(_Header)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where things stand in the socket addresses and control messages of one family, in octets.

    ``peer_format`` takes the address out of a socket address, ``interface`` is where its number stands in a pktinfo.
    """

    name: int
    peer_format: str
    pktinfo: int
    interface: int


SHAPES = {
    socket.AF_INET: Shape(16, "4x4s8x", 12, 0),
    socket.AF_INET6: Shape(28, "8x16s4x", 20, 16),
}


class Block:
    """``count`` pieces of ``octets`` each, in memory that stays where it is; ``addresses`` of all."""

    def __init__(self, count: int, octets: int) -> None:
        self.octets = octets
        # Slices of an mmap are bytes at once, in half the time of bytes(memoryview[...]).
        self.memory = mmap.mmap(-1, count * octets, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        first = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.addresses = array("L", range(first, first + count * octets, octets))

    def piece(self, index: int) -> bytes:
        """A copy of one piece."""
        return self.memory[index * self.octets : (index + 1) * self.octets]

    def words(self, code: Literal["L", "I", "H"], offset: int) -> memoryview[int]:
        """The word of struct ``code`` at ``offset`` of each piece, as a strided view."""
        view = memoryview(self.memory).cast(code)
        return view[offset // view.itemsize :: self.octets // view.itemsize]


class Headers:
    """The message headers of one direction, each with one vector; what changes is shown as strided views."""

    def __init__(self, names: Block, controls: Block | None) -> None:
        count = len(names.addresses)
        self._headers = Block(count, HEADER_OCTETS)
        vectors = Block(count, ctypes.sizeof(_IoVector))
        for index in range(count):
            message = _Message.from_buffer(self._headers.memory, index * HEADER_OCTETS)
            message.name, message.name_length = names.addresses[index], names.octets
            message.vector, message.vector_count = vectors.addresses[index], 1
            if controls is not None:
                message.control, message.control_length = controls.addresses[index], controls.octets
        self.names = self._headers.words("L", _Message.name.offset)
        self.controls = self._headers.words("L", _Message.control.offset)
        self.control_lengths = self._headers.words("L", _Message.control_length.offset)
        self.received = self._headers.words("I", _Header.length.offset)
        self.bases = vectors.words("L", _IoVector.base.offset)
        self.lengths = vectors.words("L", _IoVector.length.offset)

    def address(self, index: int) -> int:
        """Where header ``index`` stands."""
        return self._headers.addresses[index]
