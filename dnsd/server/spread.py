"""An even share for every responder of an address: the kernel draws one for each datagram, whoever sends it.

By default it draws by a hash of both addresses and ports, once for all datagrams of a client's port: a forwarder that
asks from few ports is one responder's alone, and of 64 ports the busier of two got 60 %. A query over UDP belongs to no
other, so each may go its own way; only connections stay where they began. Where the kernel has no such programs
(SO_ATTACH_REUSEPORT_CBPF, Linux 4.5) the hash goes on.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

_ATTACH_REUSEPORT_CBPF = 51
_LOAD, _MODULO, _ADD, _RETURN = 0x20, 0x94, 0x04, 0x16
"""Instructions of the classic packet filter: 32 bits from the packet or beside it; what follows works on them."""
_RANDOM = 0xFFFFF000 + 56
"""Where a load finds random bits (SKF_AD_OFF + SKF_AD_RANDOM of linux/filter.h)."""
_INSTRUCTION = struct.Struct("=HBBI")
_PROGRAM = struct.Struct("@HP")


def spread(udp: socket.socket, responders: int, *, is_wildcard: bool) -> bool:
    """Let each datagram for this socket's address go to any of ``responders`` sockets, drawn evenly. False: it cannot.

    The reserved socket was first in the group and takes nothing, so it is left out; but one on a wildcard address left
    the group when it was held closed, because that gave it another address (udp_lib_rehash). A number that no socket
    has, as while a responder is away, makes the kernel go back to its hash, which knows the living.
    """
    if sys.platform != "linux":
        return False
    draw = ((_LOAD, _RANDOM), (_MODULO, responders), (_ADD, 0 if is_wildcard else 1), (_RETURN, 0))
    octets = b"".join(_INSTRUCTION.pack(code, 0, 0, operand) for code, operand in draw)
    instructions = ctypes.create_string_buffer(octets, len(octets))
    program = _PROGRAM.pack(len(draw), ctypes.addressof(instructions))
    try:
        udp.setsockopt(socket.SOL_SOCKET, _ATTACH_REUSEPORT_CBPF, program)
    except OSError:
        return False
    return True
